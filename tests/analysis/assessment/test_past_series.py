"""What the record to 2020 holds of the forecast's variables."""

from analysis.assessment import observations
from calibration.observations import ObservationError


def test_a_city_whose_record_leaves_out_births_and_deaths_has_no_points_of_them(monkeypatch):
    def refused(*_):
        message = "made up: the record has no events"
        raise ObservationError(message)

    monkeypatch.setattr(observations, "known_years", lambda _: [])
    monkeypatch.setattr(observations, "registered_events", refused)
    found = observations.past_series()
    assert not set(found["variable"]) & {"registered births", "registered deaths"}
    assert "residents" in set(found["variable"])
