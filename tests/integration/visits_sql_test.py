"""`coverage run`'s visits, dwell and revisit gaps are those that SQL makes of `match run`'s visits, row by row.

usage: visits_sql_test.py --bin DIR --source DIR --shared DIR      exit 77: skipped, reason printed.

visits.csv goes into SQLite; for each area and hour, and for the window, one query with window functions counts the
visits that touch the span, adds up the dwell within it and finds the longest time that no unit was there, cut at the
span's ends; another joins visits that overlap or touch and ranks the gaps between them. Every row of areas.csv must say
the same, to the microsecond, and so must every row of edges.csv, from the visits of pieces that `--visits` writes."""
import argparse
import datetime
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'support'))
from faults import rows  # noqa: E402

DATA_SETS = ('athens_small', 'chicago_shuttles')

# A visit that ended before the span, or just where it begins (but one of no duration there), is over.
TOUCHING = '''touching AS (
  SELECT span.area AS area, span.begin AS begin, span.finish AS finish,
         max(visit.enter, span.begin) AS enter, min(visit.leave, span.finish) AS leave, visit.enter AS came
  FROM span JOIN visit ON visit.area = span.area
  WHERE visit.enter < span.finish
    AND (visit.leave > span.begin OR (visit.leave = span.begin AND visit.enter = span.begin))
)'''

QUERY = 'WITH ' + TOUCHING + ''', ordered AS (
  SELECT area, begin, finish, enter, leave,
         max(leave) OVER (PARTITION BY area, begin, finish ORDER BY came, leave
                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last
  FROM touching
)
SELECT span.area, span.begin, span.finish, count(ordered.enter), coalesce(sum(ordered.leave - ordered.enter), 0),
       max(coalesce(max(ordered.enter - coalesce(ordered.last, span.begin)), 0),
           span.finish - coalesce(max(ordered.leave), span.begin))
FROM span LEFT JOIN ordered USING (area, begin, finish)
GROUP BY span.area, span.begin, span.finish
'''

# Visits that overlap or touch are one presence; the 95th percentile of gaps is the nearest-rank one.
PRESENCES = 'WITH ' + TOUCHING + ''', marked AS (
  SELECT *, enter > coalesce(max(leave) OVER (PARTITION BY area, begin, finish ORDER BY came, leave
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), enter - 1) AS first
  FROM touching
), numbered AS (
  SELECT *, sum(first) OVER (PARTITION BY area, begin, finish ORDER BY came, leave ROWS UNBOUNDED PRECEDING) AS number
  FROM marked
), presence AS (
  SELECT area, begin, finish, number, min(enter) AS enter, max(leave) AS leave
  FROM numbered GROUP BY area, begin, finish, number
), gap AS (
  SELECT *, enter - lag(leave) OVER (PARTITION BY area, begin, finish ORDER BY number) AS gap FROM presence
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY area, begin, finish ORDER BY gap NULLS LAST) AS rank,
         count(gap) OVER (PARTITION BY area, begin, finish) AS gaps
  FROM gap
)
SELECT area, begin, finish, count(*), avg(leave - enter), coalesce(avg(gap), 0),
       coalesce(max(CASE WHEN rank = (gaps * 95 + 99) / 100 THEN gap END), 0)
FROM ranked GROUP BY area, begin, finish
'''


def microseconds(text):
    at = datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))
    return round((at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) / datetime.timedelta(microseconds=1))


def check(ctl, data, work):
    """The rows that were compared; exits on the first that differs."""
    network = data / 'network.osm.pbf'
    common = ['--network', network, '--fixes', data / 'fixes.csv']
    for command in (['match', 'run', '--areas', data / 'areas.geojson'], ['coverage', 'run', '--areas', data / 'areas.geojson']):
        more = ['--visits'] if command[0] == 'coverage' else []
        subprocess.run([ctl, *command, *common, *more, '--out', work / command[0]], check=True, stdout=subprocess.DEVNULL)
    summary = json.loads((work / 'coverage/summary.json').read_text())
    begin, finish = microseconds(summary['from']), microseconds(summary['to'])
    areas = rows(work / 'coverage/areas.csv')
    visits = [(v['area_id'], microseconds(v['enter_time']), microseconds(v['leave_time']))
              for v in rows(work / 'match/visits.csv')]
    spans = {}
    for row in areas:
        start = microseconds(row['hour_start']) if row['hour_start'] else None
        span = (begin, finish) if start is None else (max(begin, start), min(finish, start + 3_600_000_000))
        spans[row['area_id'], *span, start is None] = row
    counted, presences = by_sql(visits, spans)
    for (area, b, f, _), row in spans.items():
        where = f'{data.name}: area {area}, hour "{row["hour_start"]}"'
        compare(where, row, counted[area, b, f])
        got = [int(row['presences'])] + [float(row[name]) * 1e6 for name in ('mean_stay_s', 'mean_revisit_s', 'p95_revisit_s')]
        want = presences.get((area, b, f), (0, 0, 0, 0))
        if any(abs(a - b) > 1 for a, b in zip(got, want)):
            sys.exit(f'{where}: presences {got}, by SQL {want}')
    visits = [((v['way_id'], v['seq']), microseconds(v['enter_time']), microseconds(v['leave_time']))
              for v in rows(work / 'coverage/piece_visits.csv')]
    edges = {(','.join((row['way_id'], row['seq'])), begin, finish, True): row for row in rows(work / 'coverage/edges.csv')}
    counted, presences = by_sql([(','.join(key), enter, leave) for key, enter, leave in visits], edges)
    for (key, b, f, _), row in edges.items():
        compare(f'{data.name}: piece {key}', row, counted[key, b, f])
        want = presences.get((key, b, f), (0, 0, 0, 0))[2:]
        got = [float(row[name]) * 1e6 for name in ('mean_revisit_s', 'p95_revisit_s')]
        if any(abs(a - b) > 1 for a, b in zip(got, want)):
            sys.exit(f'{data.name}: piece {key}: revisit gaps {got}, by SQL {want}')
    return len(spans), len(edges)


def by_sql(visits, spans):
    """(area, begin, finish) -> (visits, dwell, longest gap), and -> (presences, mean stay, mean gap, p95 gap)."""
    base = sqlite3.connect(':memory:')
    base.execute('CREATE TABLE visit (area TEXT, enter INTEGER, leave INTEGER)')
    base.executemany('INSERT INTO visit VALUES (?, ?, ?)', visits)
    base.execute('CREATE INDEX by_area ON visit (area, enter)')
    base.execute('CREATE TABLE span (area TEXT, begin INTEGER, finish INTEGER)')
    base.executemany('INSERT INTO span VALUES (?, ?, ?)', {key[:3] for key in spans})
    counted = {(area, b, f): tuple(values) for area, b, f, *values in base.execute(QUERY)}
    presences = {(area, b, f): values for area, b, f, *values in base.execute(PRESENCES)}
    return counted, presences


def compare(where, row, want):
    got = (int(row['visits']), round(float(row['dwell_s']) * 1e6), round(float(row['longest_revisit_s']) * 1e6))
    if got != want:
        sys.exit(f'{where}: {got}, by SQL {want}')


def main():
    parser = argparse.ArgumentParser()
    for name in ('bin', 'source', 'shared'):
        parser.add_argument(f'--{name}', type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    if not (arguments.shared / 'data').is_dir():
        print(f'skipped: no research data in {arguments.shared}/data')
        sys.exit(77)
    for name in DATA_SETS:
        with tempfile.TemporaryDirectory(prefix='patrol-visits-') as work:
            areas, pieces = check(arguments.bin / 'patrolctl', arguments.shared / 'data' / name, pathlib.Path(work))
            print(f'{name}: {areas} rows of areas and {pieces} of pieces agree')


main()
