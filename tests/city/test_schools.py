"""Classes grow before a child stays out, and empty schools are merged."""

from __future__ import annotations

import functools

import numpy as np
import xarray as xr

from tests.support.city import city, default, scaled

SCHOOLS = ["primary", "junior secondary"]
NAMES = (
    *("migrant pupils in public schools", "service coverage", "large primary classes", "Service Capacity"),
    *("entitled need", "capacity closed", "services operating spending", "Public Service Land"),
)


@functools.cache
def baseline() -> xr.Dataset:
    return city().run(outputs=NAMES)


def test_the_birth_wave_pushes_no_entitled_child_out_of_a_public_school_in_a_city_that_builds():
    # With a place for each child or none, nine points of them lost theirs until 2024.
    money = {"BASE TRANSFERS": 4e10, "OTHER SPENDING PER RESIDENT": 9000.0}
    pupils = city().run(money, outputs=NAMES)["migrant pupils in public schools"]
    assert float(pupils.min()) > float(pupils[0]) - 0.005


def test_scarce_money_builds_compulsory_schools_first():
    names = ["funded share of orders", "compulsory funded share", "other funded share", "compulsory share of orders"]
    run = city().run(outputs=names)
    funded, schools, others, part = (run[name] for name in names)
    assert (schools >= others).all()
    assert float((schools - others).mean()) > 0.1
    # Together they take what the district has.
    np.testing.assert_allclose(part * schools + (1 - part) * others, funded, rtol=1e-9, atol=1e-12)


def test_classes_grow_before_children_stay_out():
    crowded, overrun = (
        city().run({"INITIAL ADEQUACY 2020": scaled("INITIAL ADEQUACY 2020", factor)}, outputs=NAMES, final_time=2021)
        for factor in (0.95, 0.5)
    )
    start = baseline().isel(time=0)
    assert (crowded["service coverage"].sel(Service=SCHOOLS).isel(time=0) == 1).all()
    assert float(crowded["large primary classes"][0]) > float(start["large primary classes"]) + 0.05
    assert (overrun["service coverage"].sel(Service=SCHOOLS).isel(time=0) < 1).any()


def test_large_classes_of_the_past_go_down_as_schools_are_built():
    past = city().run(outputs=["large primary classes"], initial_time=2010, final_time=2020)["large primary classes"]
    # Published for the city without Laiwu: 55 % in 2015 and 37 % in 2016; fewer at the end.
    assert 0.15 < float(past.sel(time=2015)) < 0.6
    assert float(past.sel(time=2020)) < float(past.sel(time=2010)) / 2


def test_empty_schools_are_merged_once_the_rolls_fall():
    run = baseline()
    places, need = (run[name].sum("District").sel(Service=["preschool", *SCHOOLS]) for name in NAMES[3:5])
    closed = run["capacity closed"].sum("District")
    assert float(closed.sel(Service="primary", time=slice(None, 2025)).sum()) < 1000
    assert float(closed.sel(Service="primary", time=slice(2029, None)).sum()) > 50_000
    # Kept open as long as before, kindergartens would stand at 1.38 places for a child.
    assert float((places / need).sel(Service="preschool", time=2030)) < 1.25
    slow = city().run({"CLOSING TIME": 8.0}, outputs=NAMES)
    spending = "services operating spending"
    assert float(slow[spending].sel(time=2035)) > float(run[spending].sel(time=2035))


def test_land_of_merged_schools_serves_other_public_services():
    names = ["service land freed", "capacity closed", "land share of orders"]
    run = city().run(outputs=names)
    land = (run["capacity closed"] * xr.DataArray(default("LAND PER PLACE"), dims="Service")).sum("Service") / 1e6
    np.testing.assert_allclose(run["service land freed"].transpose(*land.dims), land, rtol=1e-9)
    assert float(land.sum()) > 1


def test_schools_start_fuller_where_children_became_more():
    places = (baseline()["Service Capacity"] / baseline()["entitled need"]).isel(time=0).sel(Service="primary")
    assert float(places.sel(District="Huaiyin")) < 0.9 * float(places.sel(District="Laiwu"))
    city_wide = baseline()[["Service Capacity", "entitled need"]].isel(time=0).sel(Service="primary").sum("District")
    adequacy = float(city_wide["Service Capacity"] / city_wide["entitled need"])
    np.testing.assert_allclose(adequacy, default("INITIAL ADEQUACY 2020")[2], rtol=1e-9)
