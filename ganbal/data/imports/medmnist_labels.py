"""The classes of the MedMNIST sets, in the order of their labels (Yang et al., Scientific Data 2023)."""

import re

_ORGANS = "bladder|femur-left|femur-right|heart|kidney-left|kidney-right|liver|lung-left|lung-right|pancreas|spleen"
_CLASSES = {
    "pathmnist": "adipose|background|debris|lymphocytes|mucus|smooth muscle|normal colon mucosa|"
    "cancer-associated stroma|colorectal adenocarcinoma epithelium",
    "chestmnist": "atelectasis|cardiomegaly|effusion|infiltration|mass|nodule|pneumonia|pneumothorax|consolidation|"
    "edema|emphysema|fibrosis|pleural|hernia",
    "dermamnist": "actinic keratoses and intraepithelial carcinoma|basal cell carcinoma|benign keratosis-like lesions|"
    "dermatofibroma|melanoma|melanocytic nevi|vascular lesions",
    "octmnist": "choroidal neovascularization|diabetic macular edema|drusen|normal",
    "pneumoniamnist": "normal|pneumonia",
    "retinamnist": "0|1|2|3|4",
    "breastmnist": "malignant|normal, benign",
    "bloodmnist": "basophil|eosinophil|erythroblast|"
    "immature granulocytes(myelocytes, metamyelocytes and promyelocytes)|lymphocyte|monocyte|neutrophil|platelet",
    "tissuemnist": "Collecting Duct, Connecting Tubule|Distal Convoluted Tubule|Glomerular endothelial cells|"
    "Interstitial endothelial cells|Leukocytes|Podocytes|Proximal Tubule Segments|Thick Ascending Limb",
    "organamnist": _ORGANS,
    "organcmnist": _ORGANS,
    "organsmnist": _ORGANS,
}
_NAME = re.compile(rf"(?P<name>{'|'.join(_CLASSES)})(?:_\d+)?(?:[ _(-].*)?", re.IGNORECASE)


def medmnist_classes(stem: str) -> tuple[str, ...] | None:
    """Class names by label for a file such as `pneumoniamnist` or `PathMNIST_224`; None for other files."""
    match = _NAME.fullmatch(stem)
    return tuple(_CLASSES[match["name"].lower()].split("|")) if match else None
