"""Scores `patrolctl match run` on tracks with ground truth and prints the table of RESULTS.md.

usage: match_score.py BIN_DIR SHARED_DIR [--only kubicka|beijing_taxi] [--thin SECONDS]

BIN_DIR holds patrolctl; SHARED_DIR holds data/ (beijing_taxi, kubicka/00..49) and
check/match_score.py, which does the scoring.  --thin keeps a fix of Kubicka's only when it is at least
so many seconds after the one kept before.
Lengths are summed over all tracks: recovered = matched length that is in the truth / truth length,
false = matched length that is not / truth length."""
import argparse
import csv
import datetime
import json
import pathlib
import re
import subprocess
import sys
import tempfile

TOTAL = re.compile(r'all: truth ([\d.]+) km recovered ([\d.]+)% false ([\d.]+)%')


def thinned(fixes, seconds, target):
    """Copies a CSV of fixes, keeping each unit's fixes that are `seconds` apart or more."""
    last = {}
    with open(fixes) as source, open(target, 'w', newline='') as sink:
        rows = csv.DictReader(source)
        writer = csv.DictWriter(sink, rows.fieldnames)
        writer.writeheader()
        for row in rows:
            time = datetime.datetime.fromisoformat(row['time'].replace('Z', '+00:00'))
            before = last.get(row['unit_id'])
            if before is None or (time - before).total_seconds() >= seconds:
                last[row['unit_id']] = time
                writer.writerow(row)
    return target


def run(program, referee, folder, fixes, out):
    """Truth, recovered and false metres of one folder, its fixes and the seconds of matching."""
    matched = subprocess.run(
        [program, '--format', 'json', 'match', 'run', '--network', folder / 'network.osm.pbf',
         '--fixes', fixes, '--out', out], check=True, capture_output=True, text=True)
    tally = json.loads(matched.stdout)
    scored = subprocess.run(
        [sys.executable, referee, '--quiet', '--network', folder / 'network.osm.pbf', '--truth',
         folder / 'truth.csv', '--path', out / 'path.csv'], check=True, capture_output=True, text=True)
    truth_km, recovered, false = map(float, TOTAL.search(scored.stdout).groups())
    metres = truth_km * 1000
    return metres, metres * recovered / 100, metres * false / 100, tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bin', type=pathlib.Path)
    parser.add_argument('shared', type=pathlib.Path)
    parser.add_argument('--only')
    parser.add_argument('--thin', type=float, default=0)
    parser.add_argument('--each', action='store_true', help='a line per track of Kubicka\'s')
    arguments = parser.parse_args()
    data = arguments.shared / 'data'
    referee = arguments.shared / 'check' / 'match_score.py'
    sets = {'kubicka': sorted((data / 'kubicka').glob('[0-9][0-9]')),
            'beijing_taxi': [data / 'beijing_taxi']}
    print('| tracks | truth km | recovered | false | fixes | fixes/s |')
    print('| --- | --- | --- | --- | --- | --- |')
    for name, folders in sets.items():
        if arguments.only not in (None, name):
            continue
        total = [0.0, 0.0, 0.0]
        fixes_count, seconds = 0, 0.0
        for folder in folders:
            with tempfile.TemporaryDirectory() as out:
                out = pathlib.Path(out)
                fixes = folder / 'fixes.csv'
                if arguments.thin and name == 'kubicka':
                    fixes = thinned(fixes, arguments.thin, out / 'thinned.csv')
                *metres, tally = run(arguments.bin / 'patrolctl', referee, folder, fixes, out)
            total = [a + b for a, b in zip(total, metres)]
            fixes_count += tally['fixes']
            seconds += tally['match_s']
            if arguments.each:
                truth, recovered, false = metres
                print(f'{folder.name}: {truth / 1000:.2f} km {recovered / truth:.3%} {false / truth:.3%}'
                      f' {tally}')
        truth, recovered, false = total
        print(f'| {name} | {truth / 1000:.1f} | {recovered / truth:.2%} | {false / truth:.2%} |'
              f' {fixes_count} | {fixes_count / seconds:.0f} |')


if __name__ == '__main__':
    main()
