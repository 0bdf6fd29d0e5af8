"""The papers that a run's methods come from, and the list of those that its methods paragraph cites."""

_PAPERS = {
    "dcgan": (
        "Radford et al. 2016",
        "Radford A, Metz L, Chintala S. Unsupervised representation learning with deep convolutional generative "
        "adversarial networks. ICLR 2016. arXiv:1511.06434.",
    ),
    "adam": (
        "Kingma and Ba 2015",
        "Kingma DP, Ba J. Adam: a method for stochastic optimization. ICLR 2015. arXiv:1412.6980.",
    ),
    "hinge": ("Lim and Ye 2017", "Lim JH, Ye JC. Geometric GAN. 2017. arXiv:1705.02894."),
    "diffaugment": (
        "Zhao et al. 2020",
        "Zhao S, Liu Z, Lin J, Zhu J-Y, Han S. Differentiable augmentation for data-efficient GAN training. NeurIPS "
        "2020. arXiv:2006.10738.",
    ),
    "r1": (
        "Mescheder et al. 2018",
        "Mescheder L, Geiger A, Nowozin S. Which training methods for GANs do actually converge? ICML 2018. "
        "arXiv:1801.04406.",
    ),
    "spectral": (
        "Miyato et al. 2018",
        "Miyato T, Kataoka T, Koyama M, Yoshida Y. Spectral normalization for generative adversarial networks. ICLR "
        "2018. arXiv:1802.05957.",
    ),
    "progressive": (
        "Karras et al. 2018",
        "Karras T, Aila T, Laine S, Lehtinen J. Progressive growing of GANs for improved quality, stability, and "
        "variation. ICLR 2018. arXiv:1710.10196.",
    ),
    "fid": (
        "Heusel et al. 2017",
        "Heusel M, Ramsauer H, Unterthiner T, Nessler B, Hochreiter S. GANs trained by a two time-scale update rule "
        "converge to a local Nash equilibrium. NeurIPS 2017. arXiv:1706.08500.",
    ),
    "fid_infinity": (
        "Chong and Forsyth 2020",
        "Chong MJ, Forsyth D. Effectively unbiased FID and Inception Score and where to find them. CVPR 2020. "
        "arXiv:1911.07023.",
    ),
    "kid": (
        "Bińkowski et al. 2018",
        "Bińkowski M, Sutherland DJ, Arbel M, Gretton A. Demystifying MMD GANs. ICLR 2018. arXiv:1801.01401.",
    ),
    "precision": (
        "Kynkäänniemi et al. 2019",
        "Kynkäänniemi T, Karras T, Laine S, Lehtinen J, Aila T. Improved precision and recall metric for assessing "
        "generative models. NeurIPS 2019. arXiv:1904.06991.",
    ),
    "density": (
        "Naeem et al. 2020",
        "Naeem MF, Oh SJ, Uh Y, Choi Y, Yoo J. Reliable fidelity and diversity metrics for generative models. ICML "
        "2020. arXiv:2002.09797.",
    ),
    "r3gan": (
        "Huang et al. 2024",
        "Huang Y, Gokaslan A, Kuleshov V, Tompkin J. The GAN is dead; long live the GAN! A modern baseline GAN. "
        "NeurIPS 2024. arXiv:2501.05441.",
    ),
    "stylegan2": (
        "Karras et al. 2020",
        "Karras T, Laine S, Aittala M, Hellsten J, Lehtinen J, Aila T. Analyzing and improving the image quality of "
        "StyleGAN. CVPR 2020. arXiv:1912.04958.",
    ),
    "patches": (
        "Isola et al. 2017",
        "Isola P, Zhu J-Y, Zhou T, Efros AA. Image-to-image translation with conditional adversarial networks. CVPR "
        "2017. arXiv:1611.07004.",
    ),
    "projected": (
        "Sauer et al. 2021",
        "Sauer A, Chitta K, Müller J, Geiger A. Projected GANs converge faster. NeurIPS 2021. arXiv:2111.01007.",
    ),
    "authenticity": (
        "Alaa et al. 2022",
        "Alaa AM, van Breugel B, Saveliev E, van der Schaar M. How faithful is your synthetic data? ICML 2022. "
        "arXiv:2102.08921.",
    ),
    "data_copying": (
        "Meehan et al. 2020",
        "Meehan C, Chaudhuri K, Dasgupta S. A non-parametric test to detect data-copying in generative models. AISTATS "
        "2020. arXiv:2004.05675.",
    ),
    "two_sample": (
        "Lopez-Paz and Oquab 2017",
        "Lopez-Paz D, Oquab M. Revisiting classifier two-sample tests. ICLR 2017. arXiv:1610.06545.",
    ),
    "vgg16": (
        "Simonyan and Zisserman 2015",
        "Simonyan K, Zisserman A. Very deep convolutional networks for large-scale image recognition. ICLR 2015. "
        "arXiv:1409.1556.",
    ),
    "smote": (
        "Chawla et al. 2002",
        "Chawla NV, Bowyer KW, Hall LO, Kegelmeyer WP. SMOTE: synthetic minority over-sampling technique. Journal of "
        "Artificial Intelligence Research 2002;16:321-357.",
    ),
    "grad_cam": (
        "Selvaraju et al. 2017",
        "Selvaraju RR, Cogswell M, Das A, Vedantam R, Parikh D, Batra D. Grad-CAM: visual explanations from deep "
        "networks via gradient-based localization. ICCV 2017. arXiv:1610.02391.",
    ),
    "mcc": (
        "Matthews 1975",
        "Matthews BW. Comparison of the predicted and observed secondary structure of T4 phage lysozyme. Biochimica et "
        "Biophysica Acta 1975;405:442-451.",
    ),
    "brier": (
        "Brier 1950",
        "Brier GW. Verification of forecasts expressed in terms of probability. Monthly Weather Review 1950;78:1-3.",
    ),
    "ece": (
        "Guo et al. 2017",
        "Guo C, Pleiss G, Sun Y, Weinberger KQ. On calibration of modern neural networks. ICML 2017. arXiv:1706.04599.",
    ),
    "youden": ("Youden 1950", "Youden WJ. Index for rating diagnostic tests. Cancer 1950;3:32-35."),
    "banerjee": (
        "Banerjee 1960",
        "Banerjee SK. Approximate confidence interval for linear functions of means of k populations when the "
        "population variances are not equal. Sankhya 1960;22:357-358.",
    ),
    "bootstrap": (
        "Efron and Tibshirani 1993",
        "Efron B, Tibshirani RJ. An introduction to the bootstrap. Chapman & Hall 1993.",
    ),
    "holm": (
        "Holm 1979",
        "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics "
        "1979;6:65-70.",
    ),
    "mcnemar": (
        "McNemar 1947",
        "McNemar Q. Note on the sampling error of the difference between correlated proportions or percentages. "
        "Psychometrika 1947;12:153-157.",
    ),
    "delong": (
        "DeLong et al. 1988",
        "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver operating "
        "characteristic curves: a nonparametric approach. Biometrics 1988;44:837-845.",
    ),
}


class Citations:
    """Gives the short form of each paper for the text, and collects what was cited."""

    def __init__(self) -> None:
        self._cited: dict[str, None] = {}

    def __call__(self, paper: str) -> str:
        """`dcgan` → `Radford et al. 2016`."""
        self._cited[paper] = None
        return _PAPERS[paper][0]

    def references(self) -> list[str]:
        """The cited papers in full, in the order in which they were cited."""
        return [_PAPERS[paper][1] for paper in self._cited]
