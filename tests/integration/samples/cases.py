"""What every sample pipeline must write, computed by SQL of its own over the raw records.

Left is what the pipeline wrote into the warehouse (`wh`), right what it should be. Both must hold the same rows, each
as often. The right sides were written from the pipelines' descriptions, in another style than the compiler's.
"""

from __future__ import annotations

from dataclasses import dataclass

# One version per record: the one recorded last.
LATEST = {
    "voice": "(SELECT DISTINCT ON (call_id) * FROM voice ORDER BY call_id, recorded_at DESC)",
    "sms": "(SELECT DISTINCT ON (sms_id) * FROM sms ORDER BY sms_id, recorded_at DESC)",
    "data": "(SELECT DISTINCT ON (session_id) * FROM data ORDER BY session_id, recorded_at DESC)",
}


@dataclass(frozen=True)
class Check:
    """Two queries that must answer the same rows."""

    written: str
    expected: str


@dataclass(frozen=True)
class Case:
    """One pipeline: what must have run before it, and what it must have written."""

    pipeline: str
    checks: tuple[Check, ...]
    needs: tuple[str, ...] = ()


VOICE_DAILY = f"""
    SELECT msisdn, CAST(started_at AS DATE) AS usage_day, COUNT(*) AS calls,
           SUM(CASE WHEN direction = 'MO' THEN 1 ELSE 0 END) AS outgoing, SUM(duration_s) AS seconds,
           MAX(duration_s) AS longest
    FROM {LATEST["voice"]}
    WHERE msisdn IS NOT NULL AND duration_s > 0
    GROUP BY ALL"""
SMS_DAILY = f"""
    SELECT msisdn, CAST(sent_at AS DATE) AS usage_day, COUNT(*) AS messages, SUM(segments) AS segments
    FROM {LATEST["sms"]}
    WHERE msisdn IS NOT NULL AND status = 'delivered'
    GROUP BY ALL"""
DATA_DAILY = f"""
    SELECT msisdn, CAST(started_at AS DATE) AS usage_day, COUNT(*) AS sessions,
           CAST(SUM(bytes_down + IFNULL(bytes_up, 0)) / 1048576.0 AS DECIMAL(18, 3)) AS mb
    FROM {LATEST["data"]}
    WHERE msisdn IS NOT NULL
    GROUP BY ALL"""
DAILY = ("voice_daily_usage", "sms_daily_usage", "data_daily_usage")

FACTS = f"""
    SELECT CAST(used_at AS DATE), IFNULL(s.subscriber_id, 0), IFNULL(c.cell_id, '?'),
           CASE WHEN u.network IS NULL THEN 'HOME' WHEN p.network IS NULL THEN '?' ELSE u.network END,
           service, COUNT(*), SUM(quantity)
    FROM (
        SELECT 'voice' AS service, msisdn, started_at AS used_at, duration_s AS quantity, cell_id,
               visited_network AS network FROM {LATEST["voice"]}
        UNION ALL SELECT 'sms', msisdn, sent_at, segments, cell_id, visited_network FROM {LATEST["sms"]}
        UNION ALL SELECT 'data', msisdn, started_at, bytes_down, cell_id, visited_network FROM {LATEST["data"]}
    ) AS u
    LEFT JOIN subscribers AS s USING (msisdn)
    LEFT JOIN cells AS c ON c.cell_id = u.cell_id
    LEFT JOIN roaming_partners AS p ON p.network = u.network
    GROUP BY ALL"""

ROAMING = f"""
    SELECT DATE '2026-06-01', p.network, p.country, u.service, COUNT(*), SUM(u.units),
           ROUND(SUM(u.units * IF(u.service = 'voice', p.voice_rate_min, p.data_rate_mb)), 2)
    FROM (
        SELECT visited_network AS network, 'voice' AS service, started_at,
               CAST((duration_s + 59) // 60 AS DECIMAL(18, 3)) AS units
        FROM {LATEST["voice"]} WHERE duration_s > 0
        UNION ALL
        SELECT visited_network, 'data', started_at,
               CAST((bytes_down + IFNULL(bytes_up, 0)) / 1048576.0 AS DECIMAL(18, 3))
        FROM {LATEST["data"]}
    ) AS u
    JOIN roaming_partners AS p ON p.network = u.network
    WHERE date_trunc('month', u.started_at) = DATE '2026-06-01'
    GROUP BY ALL"""

CELL_HOURS = f"""
    SELECT cell_id, date_trunc('hour', started_at) AS h, COUNT(duration_s) AS calls,
           IFNULL(SUM(duration_s), 0) / 3600.0 AS erlang, COUNT(bytes) AS sessions,
           IFNULL(SUM(bytes), 0) / 1048576.0 AS mb
    FROM (SELECT cell_id, started_at, duration_s, NULL AS bytes FROM {LATEST["voice"]}
          UNION ALL SELECT cell_id, started_at, NULL, bytes_down FROM {LATEST["data"]})
    WHERE cell_id IS NOT NULL
    GROUP BY ALL"""
CELL_LOAD = f"""
    WITH hours AS ({CELL_HOURS})
    SELECT h.cell_id, h.h, c.region, h.calls, ROUND(h.erlang, 6), h.sessions, ROUND(h.mb, 6),
           ROUND(h.erlang / c.capacity_erlang, 6),
           h.h = (SELECT b.h FROM hours AS b WHERE b.cell_id = h.cell_id AND b.h::DATE = h.h::DATE
                  ORDER BY b.erlang DESC, b.h LIMIT 1) AS is_busy_hour
    FROM hours AS h LEFT JOIN cells AS c USING (cell_id)"""
THREE_HOURS = f"""
    WITH neighbours AS (
        SELECT cell_id, h, erlang, LAG(erlang, 1) OVER w AS before_1, LAG(erlang, 2) OVER w AS before_2
        FROM ({CELL_HOURS}) WINDOW w AS (PARTITION BY cell_id ORDER BY h)
    )
    SELECT cell_id, h, ROUND((erlang + IFNULL(before_1, 0) + IFNULL(before_2, 0))
                             / (1 + IF(before_1 IS NULL, 0, 1) + IF(before_2 IS NULL, 0, 1)), 6)
    FROM neighbours"""

CHARGES = f"""
    SELECT s.subscriber_id, IFNULL(s.region, 'unknown') AS region, p.plan_name,
           IFNULL(v.calls, 0) AS calls, ROUND(IFNULL(v.seconds, 0) / 60.0, 2) AS minutes,
           IFNULL(m.messages, 0) AS messages, IFNULL(d.mb, 0) AS mb, v.last_day,
           CASE WHEN p.plan_id IS NOT NULL THEN ROUND(
               IF(v.seconds / 60.0 > included_minutes, (v.seconds / 60.0 - included_minutes) * voice_rate_min, 0)
               + IF(m.messages > included_sms, (m.messages - included_sms) * sms_rate, 0)
               + IF(d.mb > included_mb, (d.mb - included_mb) * data_rate_mb, 0), 2) END AS charge
    FROM subscribers AS s
    LEFT JOIN tariff_plans AS p USING (plan_id)
    LEFT JOIN (SELECT msisdn, SUM(calls) AS calls, SUM(seconds) AS seconds, MAX(usage_day) AS last_day
               FROM ({VOICE_DAILY}) GROUP BY msisdn) AS v ON v.msisdn = s.msisdn
    LEFT JOIN (SELECT msisdn, SUM(messages) AS messages FROM ({SMS_DAILY}) GROUP BY msisdn) AS m ON m.msisdn = s.msisdn
    LEFT JOIN (SELECT msisdn, SUM(mb) AS mb FROM ({DATA_DAILY}) GROUP BY msisdn) AS d ON d.msisdn = s.msisdn"""

CASES = (
    Case(
        "hello_world",
        (
            Check(
                "SELECT subscriber_id, msisdn, status, activated_on FROM wh.mart.hello_subscribers",
                "SELECT subscriber_id, msisdn, 'active', activated_on FROM subscribers WHERE status = 'active'"
                " ORDER BY activated_on DESC, subscriber_id LIMIT 10",
            ),
        ),
    ),
    Case(
        "voice_daily_usage",
        (
            Check(
                "SELECT msisdn, usage_day, calls, outgoing_calls, seconds, longest_s FROM wh.mart.voice_daily",
                VOICE_DAILY,
            ),
            Check(
                "SELECT COUNT(*) FROM wh.ops.voice_malformed_lines",
                "SELECT COUNT(*) FROM voice_rejects WHERE kind = 'malformed line'",
            ),
            Check(
                "SELECT COUNT(*), COUNT(_reject_reason) FROM wh.ops.voice_bad_values",
                "SELECT COUNT(*), COUNT(*) FROM voice_rejects WHERE kind = 'bad value'",
            ),
        ),
    ),
    Case(
        "sms_daily_usage",
        (
            Check("SELECT msisdn, usage_day, messages, segments FROM wh.mart.sms_daily", SMS_DAILY),
            Check(
                "SELECT cell_id, status, messages, first_at, last_at FROM wh.mart.sms_failures",
                f"SELECT cell_id, status, COUNT(*), MIN(sent_at), MAX(sent_at) FROM {LATEST['sms']}"
                " WHERE cell_id IS NOT NULL AND status <> 'delivered' GROUP BY ALL",
            ),
        ),
    ),
    Case(
        "data_daily_usage",
        (
            Check("SELECT msisdn, usage_day, sessions, mb FROM wh.mart.data_daily", DATA_DAILY),
            Check(
                "SELECT usage_day, gb_2g, gb_4g, gb_5g FROM wh.mart.data_by_technology",
                "SELECT CAST(started_at AS DATE), "
                + ", ".join(
                    f"CAST(SUM(IF(rat = '{rat}', bytes_down + IFNULL(bytes_up, 0), NULL)) / 1073741824.0"
                    " AS DECIMAL(18, 3))"
                    for rat in ("2G", "4G", "5G")
                )
                + f" FROM {LATEST['data']} WHERE msisdn IS NOT NULL GROUP BY 1",
            ),
            Check("SELECT COUNT(*) FROM wh.ops.data_bad_records", "SELECT COUNT(*) FROM data_rejects"),
        ),
    ),
    Case(
        "roaming_settlement",
        (
            Check(
                "SELECT settled_month, network, country, service, records, units, amount_eur"
                " FROM wh.mart.roaming_settlement",
                ROAMING,
            ),
            Check(
                "SELECT settled_month, network, country, service, records, units, amount_eur"
                " FROM read_csv('{project}/data/export/roaming_settlement.csv', delim = ';', header = true)",
                ROAMING,
            ),
        ),
    ),
    Case(
        "cell_load_hourly",
        (
            Check(
                "SELECT cell_id, load_hour, region, calls, ROUND(erlang, 6), sessions, ROUND(mb_down, 6),"
                " ROUND(busy_share, 6), is_busy_hour FROM wh.mart.cell_load_hourly",
                CELL_LOAD,
            ),
            Check(
                "SELECT cell_id, load_hour, ROUND(erlang_3h, 6) FROM wh.mart.cell_load_hourly",
                THREE_HOURS,
            ),
        ),
    ),
    Case(
        "subscriber_360",
        (
            Check(
                "SELECT subscriber_id, region, plan_name, calls, minutes, messages, mb, last_call_day, usage_charge"
                " FROM wh.mart.subscriber_360",
                CHARGES,
            ),
            Check(
                "SELECT subscriber_id, rank_in_region FROM wh.mart.subscriber_360",
                f"WITH c AS ({CHARGES}) SELECT subscriber_id, (SELECT COUNT(*) FROM c AS o WHERE o.region = c.region"
                " AND (o.charge > c.charge OR (o.charge IS NOT DISTINCT FROM c.charge"
                " AND o.subscriber_id <= c.subscriber_id) OR (c.charge IS NULL AND o.charge IS NOT NULL))) FROM c",
            ),
        ),
        needs=DAILY,
    ),
    Case(
        "cdr_star_load",
        (
            Check(
                "SELECT usage_day, subscriber_key, cell_id, network, service, records, quantity"
                " FROM wh.star.fact_usage",
                FACTS,
            ),
            Check(
                "SELECT subscriber_key, msisdn, plan_name FROM wh.star.dim_subscriber WHERE subscriber_key > 0",
                "SELECT subscriber_id, msisdn, IFNULL((SELECT plan_name FROM tariff_plans AS p"
                " WHERE p.plan_id = s.plan_id), 'retired plan') FROM subscribers AS s",
            ),
            Check(
                "SELECT COUNT(*) FROM wh.star.fact_usage JOIN wh.star.dim_subscriber USING (subscriber_key)"
                " JOIN wh.star.dim_cell USING (cell_id) JOIN wh.star.dim_network USING (network)"
                " JOIN wh.star.dim_date USING (usage_day)",
                f"SELECT COUNT(*) FROM ({FACTS})",
            ),
            Check(
                "SELECT usage_day, weekday, is_weekend FROM wh.star.dim_date",
                "SELECT DISTINCT day, CAST(isodow(day) AS INTEGER), dayname(day) IN ('Saturday', 'Sunday') FROM ("
                "SELECT CAST(started_at AS DATE) AS day FROM voice UNION SELECT CAST(sent_at AS DATE) FROM sms"
                " UNION SELECT CAST(started_at AS DATE) FROM data)",
            ),
            Check("SELECT cell_id FROM wh.star.dim_cell", "SELECT cell_id FROM cells UNION ALL SELECT '?'"),
        ),
    ),
    Case(
        "flights_star",
        (
            Check(
                "SELECT flight_date, carrier, flight, origin, dest, tailnum, departure_hour, dep_delay, arr_delay,"
                " is_cancelled, is_late, seats FROM wh.flights.fact_flights",
                "SELECT CAST(format('{:04d}-{:02d}-{:02d}', f.year, f.month, f.day) AS DATE), carrier, flight, origin,"
                " dest, IFNULL(tailnum, '?'), CAST(time_hour AS TIMESTAMP), dep_delay, arr_delay, dep_time IS NULL,"
                " arr_delay > 15, seats FROM flights AS f LEFT JOIN planes USING (tailnum)",
            ),
            Check(
                "SELECT tailnum, built_in, is_inferred FROM wh.flights.dim_plane",
                "SELECT tailnum, year, FALSE FROM planes UNION ALL (SELECT tailnum, NULL, TRUE FROM flights"
                " WHERE tailnum IS NOT NULL EXCEPT SELECT tailnum, NULL, TRUE FROM planes)"
                " UNION ALL SELECT '?', NULL, TRUE",
            ),
            Check(
                "SELECT airport, is_inferred FROM wh.flights.dim_airport",
                "SELECT faa, FALSE FROM airports UNION ALL SELECT unnest(['BQN', 'PSE', 'SJU', 'STT']), TRUE",
            ),
            Check("SELECT carrier, carrier_name FROM wh.flights.dim_carrier", "SELECT carrier, name FROM airlines"),
            Check("SELECT COUNT(*), MIN(flight_date) FROM wh.flights.dim_date", "SELECT 365, DATE '2013-01-01'"),
        ),
    ),
    Case(
        "flights_weather",
        tuple(
            Check(
                f"SELECT origin, condition, flights, cancelled, late, mean_delay_min FROM {source}",
                "SELECT f.origin, CASE WHEN w.origin IS NULL THEN 'not observed'"
                " WHEN w.precip > 0 THEN IF(w.temp <= 32, 'snow or ice', 'rain')"
                " WHEN w.visib < 3 THEN 'fog' WHEN w.wind_speed >= 20 THEN 'wind' ELSE 'fair' END AS condition,"
                " COUNT(*), SUM(IF(dep_time IS NULL, 1, 0)), SUM(IF(dep_delay > 15, 1, 0)),"
                " ROUND(SUM(dep_delay) / COUNT(dep_delay), 2)"
                " FROM flights AS f LEFT JOIN (SELECT * FROM weather AS w WHERE NOT EXISTS (SELECT 1 FROM weather AS e"
                " WHERE (e.origin, e.year, e.month, e.day, e.hour) = (w.origin, w.year, w.month, w.day, w.hour)"
                " AND e.time_hour < w.time_hour)) AS w ON (w.origin, w.year, w.month, w.day, w.hour)"
                " = (f.origin, f.year, f.month, f.day, f.hour) GROUP BY ALL",
            )
            for source in ("wh.mart.flights_by_weather", "'{project}/data/export/flights_by_weather.parquet'")
        ),
    ),
    Case(
        "carrier_punctuality",
        (
            Check(
                "SELECT year, month, carrier_name, flights, on_time, on_time_percent, rank_in_month"
                " FROM wh.mart.carrier_punctuality",
                "WITH m AS (SELECT year, month, carrier, COUNT(arr_delay) AS n, SUM(IF(arr_delay <= 15, 1, 0)) AS ok"
                " FROM flights GROUP BY ALL HAVING COUNT(arr_delay) >= 100),"
                " p AS (SELECT *, ROUND(ok * 100.0 / n, 1) AS share FROM m)"
                " SELECT year, month, (SELECT name FROM airlines AS a WHERE a.carrier = p.carrier), n, ok, share,"
                " (SELECT COUNT(*) FROM p AS o WHERE (o.year, o.month) = (p.year, p.month)"
                " AND (o.share > p.share OR (o.share = p.share AND o.carrier <= p.carrier))) FROM p",
            ),
        ),
        needs=("flights_star",),
    ),
)
