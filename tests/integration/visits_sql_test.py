"""`coverage run`'s visits, dwell and revisit gaps are those that SQL makes of `match run`'s visits, row by row.

usage: visits_sql_test.py --bin DIR --source DIR --shared DIR      exit 77: skipped, reason printed.

visits.csv goes into SQLite; for each area and hour, and for the window, one query with window functions counts the
visits that touch the span, adds up the dwell within it and finds the longest time that no unit was there, cut at the
span's ends. Every row of areas.csv must say the same, to the microsecond."""
import argparse
import csv
import datetime
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

DATA_SETS = ('athens_small', 'chicago_shuttles')

# A visit that ended before the span, or just where it begins (but one of no duration there), is over.
QUERY = '''
WITH touching AS (
  SELECT span.area AS area, span.begin AS begin, span.finish AS finish,
         max(visit.enter, span.begin) AS enter, min(visit.leave, span.finish) AS leave, visit.enter AS came
  FROM span JOIN visit ON visit.area = span.area
  WHERE visit.enter < span.finish
    AND (visit.leave > span.begin OR (visit.leave = span.begin AND visit.enter = span.begin))
), ordered AS (
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


def microseconds(text):
    at = datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))
    return round((at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) / datetime.timedelta(microseconds=1))


def rows(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def check(ctl, data, work):
    """The rows that were compared; exits on the first that differs."""
    network = data / 'network.osm.pbf'
    common = ['--network', network, '--fixes', data / 'fixes.csv']
    for command in (['match', 'run', '--areas', data / 'areas.geojson'], ['coverage', 'run', '--areas', data / 'areas.geojson']):
        subprocess.run([ctl, *command, *common, '--out', work / command[0]], check=True, stdout=subprocess.DEVNULL)
    summary = json.loads((work / 'coverage/summary.json').read_text())
    begin, finish = microseconds(summary['from']), microseconds(summary['to'])
    areas = rows(work / 'coverage/areas.csv')
    base = sqlite3.connect(':memory:')
    base.execute('CREATE TABLE visit (area TEXT, enter INTEGER, leave INTEGER)')
    base.executemany('INSERT INTO visit VALUES (?, ?, ?)', (
        (v['area_id'], microseconds(v['enter_time']), microseconds(v['leave_time'])) for v in rows(work / 'match/visits.csv')))
    base.execute('CREATE INDEX by_area ON visit (area, enter)')
    base.execute('CREATE TABLE span (area TEXT, begin INTEGER, finish INTEGER)')
    spans = {}
    for row in areas:
        start = microseconds(row['hour_start']) if row['hour_start'] else None
        span = (begin, finish) if start is None else (max(begin, start), min(finish, start + 3_600_000_000))
        spans[row['area_id'], *span, start is None] = row
        base.execute('INSERT INTO span VALUES (?, ?, ?)', (row['area_id'], *span))
    base.execute('CREATE TABLE distinct_span AS SELECT DISTINCT * FROM span')
    base.execute('DROP TABLE span')
    base.execute('ALTER TABLE distinct_span RENAME TO span')
    wanted = {(area, b, f): (visits, dwell, gap) for area, b, f, visits, dwell, gap in base.execute(QUERY)}
    for (area, b, f, _), row in spans.items():
        got = (int(row['visits']), round(float(row['dwell_s']) * 1e6), round(float(row['longest_revisit_s']) * 1e6))
        if got != wanted[area, b, f]:
            sys.exit(f'{data.name}: area {area}, hour "{row["hour_start"]}": {got}, by SQL {wanted[area, b, f]}')
    return len(spans)


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
            count = check(arguments.bin / 'patrolctl', arguments.shared / 'data' / name, pathlib.Path(work))
            print(f'{name}: {count} rows agree')


main()
