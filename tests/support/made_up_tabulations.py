"""National county tabulations in the published form, with a made-up city beside the first one's own rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from calibration.cities.files import FILES
from calibration.cities.tabulations import COUNTS, RATIOS
from calibration.observations import AGE_BANDS, read_observations
from model.city import PACKS

#: The made-up prefecture: code, name and province; nothing of it is real.
CODE, NAME, PROVINCE = "990100", "示例市", "示例省"
#: Its units by year: code, name, the district whose counts it borrows and the share of them.
UNITS = {
    2010: [
        ("990102", "甲区", "Lixia", 0.6),
        ("990121", "乙县", "Shanghe", 1.0),
        ("990181", "丙市", "Zhangqiu", 0.7),
    ],
    2020: [
        ("990102", "甲区", "Lixia", 0.5),
        ("990121", "乙县", "Shanghe", 1.0),
        ("990171", "示例开发区", "Lixia", 0.1),
        ("990181", "丙市", "Zhangqiu", 0.7),
    ],
}
#: The table that states which unit is which.
MATCH = """group,name,zone,zone_zh,codes_2010,codes_2020,longitude,latitude,note
甲区,Jia,central city,中心城区,990102,990102+990171,117.05,36.66,the zone lay in it
乙县,Yi,counties,县,990121,990121,117.16,37.31,same
丙市,Bing,county cities,县级市,990181,990181,117.53,36.68,same
"""
#: Made-up series of the made-up city.
SERIES = """variable,region,year,value,unit,boundary,grade,source,url,note
population_hukou_registered_yearend,Shili,2018,205,10k persons,new,E,made up for a test,,
population_hukou_registered_yearend,Shili,2020,210,10k persons,new,E,made up for a test,,
gdp,Shili,2012,900,100 million yuan,new,E,made up for a test,,
gdp,Shili,2016,1300,100 million yuan,new,E,made up for a test,,
gdp,Shili,2020,1800,100 million yuan,new,E,made up for a test,,
"""


def write_tabulations(folder: Path, *, panel_residents: float | None = None) -> Path:
    """Write both workbooks, and the panel of prefectures if its residents of 2010 are given."""
    jinan = pd.read_csv(PACKS / "jinan" / "units.csv", dtype=str)
    for year in (2010, 2020):
        rows = [_row(year, code, name, district, share) for code, name, district, share in UNITS[year]]
        for line in jinan.itertuples():
            for place, code in enumerate(str(getattr(line, f"codes_{year}")).split("+")):
                rows.append(_row(year, code, str(line.group), str(line.name), 1.0 if place == 0 else 0.0))
        city = _row(year, CODE, NAME, "Lixia", 1.0)
        pd.DataFrame([city, *rows]).to_excel(folder / FILES[year], index=False)
    if panel_residents is not None:
        panel = pd.DataFrame([{"city_code": CODE, "popu_2010": round(panel_residents), "popu_2020": 1}])
        panel.to_csv(folder / "census_city_2010-2020_v1.csv", index=False)
    return folder


def residents(year: int) -> float:
    """Residents of the made-up city."""
    return sum(float(str(_row(year, *unit)["合计" if year == 2010 else "人口数_合计"])) for unit in UNITS[year])


def _row(year: int, code: str, name: str, district: str, share: float) -> dict[str, object]:
    """One line of a tabulation: a share of a district's counts; work is made up, a fifth of residents."""
    data = read_observations()
    own = data[(data["region"] == district) & (data["year"] == year) & (data["boundary"] == "district")]
    bands = own[own["variable"] == "residents by sex and age band"]
    counts = own[own["age_band"] == ""].set_index("variable")["value"]
    row: dict[str, object] = {"区划代码": int(code), "地区" if year == 2010 else "区县": name}
    if year == 2020:
        row |= {"市": NAME if code.startswith(CODE[:4]) else "济南市", "省": PROVINCE}
    total = 0
    for line in bands.itertuples():
        sex, band = {"male": "男", "female": "女"}[str(line.sex)], str(line.age_band)
        if year == 2010:
            header = f"{'85岁及以上' if band == '85+' else band + '岁'}（{sex}）"
        else:
            header = f"{sex}_{'85岁以上' if band == '85+' else band.replace('-', '到') + '岁'}"
        row[header] = round(share * float(str(line.value)))
        total += round(share * float(str(line.value)))
    assert len(bands) == 2 * len(AGE_BANDS)
    urban = round(total * counts["population_urban"] / counts["population_resident"])
    known = {"population_resident": total, "population_urban": urban, "population_rural": total - urban}
    work = {"employed_in_long_form": 0.2, "employed_in_agriculture": 0.05, "employed_in_industry": 0.06}
    known |= {variable: round(part * total) for variable, part in work.items()}
    size = counts["avg_family_household_size"]
    for variable, columns in COUNTS.items():
        if year not in columns:
            continue
        if variable in known:
            value = known[variable]
        elif variable == "family_household_population" and variable not in counts:
            value = round(share * counts["family_households"] * size)
        else:
            value = round(share * counts[variable])
        row |= dict.fromkeys(columns[year][1:], 0) | {columns[year][0]: value}
    row |= {columns[year]: counts[variable] for variable, (columns, _, _) in RATIOS.items() if year in columns}
    return row
