"""The papers that text written by code cites, as ordinary links; a report numbers them."""

PAPERS = {  # by key of the bibliography: authors and year, and where it can be read
    "andreyev2024edge": ("Andreyev and Beneventano 2024", "https://arxiv.org/abs/2412.20553"),
    "antognini2018pca": ("Antognini and Sohl-Dickstein 2018", "https://arxiv.org/abs/1806.08805"),
    "dauphin2014saddle": ("Dauphin et al. 2014", "https://arxiv.org/abs/1406.2572"),
    "goodfellow2015qualitatively": ("Goodfellow et al. 2015", "https://arxiv.org/abs/1412.6544"),
    "gu2024unraveling": ("Gu et al. 2024", "https://arxiv.org/abs/2310.13572"),
    "keskar2017large": ("Keskar et al. 2017", "https://arxiv.org/abs/1609.04836"),
    "li2018visualizing": ("Li et al. 2018", "https://arxiv.org/abs/1712.09913"),
    "novak2018sensitivity": ("Novak et al. 2018", "https://arxiv.org/abs/1802.08760"),
    "rahaman2019spectral": ("Rahaman et al. 2019", "https://arxiv.org/abs/1806.08734"),
    "zhang2017rethinking": ("Zhang et al. 2017", "https://arxiv.org/abs/1611.03530"),
}


def citation(key: str) -> str:
    """Cite a paper of `PAPERS`.

    >>> citation("li2018visualizing")
    '[(Li et al. 2018)](https://arxiv.org/abs/1712.09913 "@li2018visualizing")'
    """
    who, where = PAPERS[key]
    return f'[({who})]({where} "@{key}")'
