"""Names of the export formats; imports nothing, so that the help can list them at once."""

GENERATOR_FORMATS = ("safetensors", "torch-export", "onnx")
IMAGE_FORMATS = ("imagefolder", "kaggle", "npz")
FORMATS = (*GENERATOR_FORMATS, *IMAGE_FORMATS)
