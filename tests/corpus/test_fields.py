"""Dates and sites: what sources write, and the bulk path against the slow one."""

import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.corpus.readers._dates import one_date, seconds
from ledger.corpus.readers._sites import sites

DATES = {
    "2019-04-25T12:57:54Z": 1556197074,
    "2019-04-25 12:57:54": 1556197074,
    "2019-04-25T12:57:54.999Z": 1556197074,
    "2019-04-25T12:57:54.123456789+00:00": 1556197074,
    "2019-04-25T14:57:54+02:00": 1556197074,
    "2019-04-25T14:57:54+0200": 1556197074,
    "2019-04-25T12:57": 1556197020,
    "2019-04-25": 1556150400,
    "20190425125754": 1556197074,
    "1969-12-31T23:59:59Z": -1,
}
NO_DATES = [
    "2019-02-30T00:00:00Z",
    "2019-02-30",
    "2019-13-01",
    "2019-04-25T24:00:00Z",
    "2019-04-25T12:57:60Z",
    "2019-04-25T12:57:54Zjunk",
    "2019-04-25T12:57:54Z\n",
    "2019-W17-4",
    "25.04.2019",
    "0000-01-01T00:00:00Z",
    "20190431000000",
    "٢٠١٩-٠٤-٢٥",
    "soon",
    "",
]


@pytest.mark.parametrize("text", DATES)
def test_a_date(text):
    found, wrong = seconds(pa.array([text, None]), numbers=False)
    assert found.to_pylist() == [DATES[text], None]
    assert wrong.to_pylist() == [False, False]


@pytest.mark.parametrize("text", NO_DATES)
def test_a_date_that_is_none(text):
    good = "2019-04-25T12:57:54Z"
    found, wrong = seconds(pa.array([good, text, good], pa.large_string()), numbers=False)
    assert found.to_pylist() == [1556197074, None, 1556197074]
    assert wrong.to_pylist() == [False, True, False]


@given(
    st.lists(
        st.datetimes(datetime.datetime(1000, 1, 1), datetime.datetime(2999, 12, 31)).map(
            lambda moment: moment.isoformat()
        )
        | st.from_regex(r"\A[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?\Z")
        | st.sampled_from([*DATES, *NO_DATES])
    )
)
def test_the_bulk_path_means_what_one_date_means(texts):
    found, wrong = seconds(pa.array(texts, pa.string()), numbers=False)
    expected = [one_date(text) for text in texts]
    assert found.to_pylist() == expected
    assert wrong.to_pylist() == [one is None for one in expected]


def test_numbers_are_dates_only_where_somebody_said_so():
    column = pa.array([5, None], pa.int32())
    assert seconds(column, numbers=True)[0].to_pylist() == [5, None]
    assert seconds(column, numbers=False)[0].to_pylist() == [None, None]


def test_times_before_1970_round_down():
    column = pa.array([-1, -1_000_000, 999_999], pa.timestamp("us"))
    assert seconds(column, numbers=False)[0].to_pylist() == [-1, -1, 0]


SITES = {
    "http://www.example.co.uk/a?b#c": "example.co.uk",
    "HTTPS://Example.COM:8080": "example.com",
    "https://user:p@ss@deep.sub.example.org/x@y.com": "example.org",
    "http://example.com.": "example.com",
    "http://someone.github.io/": "someone.github.io",
    "http://example.com#@evil.org": "example.com",
    "http://example.com?@evil.org": "example.com",
    "http://192.0.2.7/": None,
    "http://[2001:db8::1]:80/": None,
    "http://co.uk/": None,
    "http://localhost/": None,
    "http:///path": None,
    "mailto:a@example.com": None,
    "example.com": None,
    "http://a b.example.com/": None,
    "http://" + "a." * 200 + "com": None,
    "": None,
}


@pytest.mark.parametrize("url", SITES)
def test_the_site_of_a_url(url):
    assert sites(pa.array([url, None])).to_pylist() == [SITES[url], None]


@given(st.lists(st.text() | st.text().map(lambda host: f"http://{host}/")))
def test_no_url_breaks_it(urls):
    assert len(sites(pa.array(urls, pa.string()))) == len(urls)
