"""Settings of `ganbal demo`: the whole job on drawn chests, small enough for a laptop CPU, with nothing to download."""

DEMO_SETTINGS = (
    "data.root=phantom",
    "gan.image_size_px=64",
    "gan.base_channels=16",
    "gan.batch_size=32",
    "gan.steps=600",
    "gan.sample_every_steps=200",
    "gan.checkpoint_every_steps=200",
    "score.extractor=auto",
    "score.dims=64",
    "study.classifiers=[baseline_cnn]",
    "study.arms=[imbalanced,class-weights,duplicated,gan]",
    "study.image_size_px=64",
    "study.seeds=3",
    "study.steps=120",
    "study.checks=6",
    "study.weights=none",
)
