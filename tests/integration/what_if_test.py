"""What `coverage run`, `posts run` and `coverage map` answer when something were otherwise, on a generated town.

usage: what_if_test.py --bin DIR --source DIR --shared DIR

A unit less covers no more, one more covers no less and only in its hours, slower roads cover no more, 1, 3 and 5 minutes
lie in each other, backup lies in coverage, rounds come out met, late or missed; and three posts cover what
`coverage map` finds from them."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'support'))
from faults import expect, rows, verdict  # noqa: E402


class Town:
    def __init__(self, programs, folder):
        self.patrolctl = str(programs / 'patrolctl')
        self.folder = folder
        town = folder / 'town'
        subprocess.run([str(programs / 'patrolsim'), 'town', '--seed', '3', '--out', str(town)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.network = ['--network', str(town / 'network.osm.pbf')]
        self.areas = ['--areas', str(town / 'areas.geojson')]
        self.fixes = ['--fixes', str(town / 'fixes.csv'), '--units', str(town / 'units.csv')]
        self.window = ['--from', '2026-03-02T02:00:00Z', '--to', '2026-03-02T06:00:00Z', '--step', '60s']

    def call(self, *arguments):
        done = subprocess.run([self.patrolctl, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        expect(done.returncode == 0, f'{" ".join(arguments[:2])}: {done.stdout.strip()[-300:]}')

    def run(self, name, *more):
        """Runs the window; returns its folder and the town's part of summary.json."""
        out = self.folder / name
        self.call('coverage', 'run', *self.network, *self.areas, *self.fixes, *self.window, '--out', str(out), *more)
        return out, json.loads((out / 'summary.json').read_text())

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)


def town_by_hour(out):
    return {row['hour_start'][11:13]: float(row['covered_ratio'])
            for row in rows(out / 'areas.csv') if row['kind'] == 'town' and row['hour_start']}


def check_units(town, base_out, base):
    covered = base['town']['covered_m']
    _, without = town.run('without', '--without', 'car-01')
    expect(without['units']['count'] == base['units']['count'] - 1, 'without: its unit is still there')
    expect(without['town']['covered_m'] < covered, 'without a unit as much is covered')
    place = next(f for f in rows(town.folder / 'town/fixes.csv') if f['unit_id'] == 'car-02')
    at = f'{place["lon"]},{place["lat"]}'
    _, moved = town.run('move', '--move', f'car-01={at}')
    expect(moved['units']['count'] == base['units']['count'], 'move: the number of units changed')
    expect(moved['town']['covered_m'] != covered, 'move: nothing changed')
    added_out, added = town.run('add', '--add-at', f'{at},03:00-05:00')
    expect(added['town']['covered_m'] > covered, 'one more unit covers nothing more')
    before, after = town_by_hour(base_out), town_by_hour(added_out)
    expect(sorted(before) == ['02', '03', '04', '05'], f'hours {sorted(before)}')
    for hour, ratio in before.items():
        expect(after[hour] >= ratio, f'add-at: less in hour {hour}')
        expect(hour in ('03', '04') or after[hour] == ratio, f'add-at: another figure in hour {hour}, which is not its')


def check_reach_and_speeds(town, base):
    out, three = town.run('reach', '--reach', '180s,60s,300s', '--backup')
    ratio = {180: three['town']['covered_ratio']}
    for seconds in (60, 300):
        summary = json.loads((out / f'reach_{seconds}s/summary.json').read_text())
        expect(summary['reach_s'] == seconds, f'reach_{seconds}s is of {summary["reach_s"]} s')
        ratio[seconds] = summary['town']['covered_ratio']
    expect(0 < ratio[60] < ratio[180] < ratio[300], f'1, 3 and 5 minutes cover {ratio}')
    expect(three['town']['covered_m'] == base['town']['covered_m'], '3 minutes among others are other than alone')
    expect(0 < three['town']['backup_m'] < three['town']['covered_m'], 'backup does not lie in coverage')
    slow = town.write('speeds.csv', 'hour_begin,hour_end,factor\n3,5,0.5\n')
    slower_out, slower = town.run('speeds', '--speeds', slow)
    expect(slower['town']['covered_m'] < base['town']['covered_m'], 'slower roads cover as much')
    before, after = town_by_hour(town.folder / 'base'), town_by_hour(slower_out)
    expect(after['03'] < before['03'] and after['02'] == before['02'], 'speeds bind in other hours than theirs')


def check_rounds(town):
    rounds = town.write('rounds.csv', 'area_id,every_s,shift_start\ntown,14400,02:00\ntown,60,04:00\n')
    out, _ = town.run('rounds', '--shifts', '02:00,04:00', '--rounds', rounds)
    found = rows(out / 'rounds.csv')
    expect(len(found) == 2, f'{len(found)} rounds')
    for row in found:
        expect(int(row['met']) + int(row['late']) + int(row['missed']) >= 1, f'a round without any visit due: {row}')
        expect(row['area_id'] == 'town' and row['missed'] == '0', f'the town is never without units: {row}')


def check_posts(town):
    posts = town.folder / 'posts'
    town.call('posts', 'run', *town.network, *town.areas, '--candidates', 'nodes', '--count', '3', '--hours', '22:00-06:00',
              '--out', str(posts), '--time-limit', '60s')
    summary = json.loads((posts / 'summary.json').read_text())
    expect(len(json.loads((posts / 'posts.geojson').read_text())['features']) == 3, 'not three posts')
    expect(summary['proven'] and summary['objective'] == summary['bound'], f'unproven: {summary}')
    drawn = town.folder / 'map'
    town.call('coverage', 'map', *town.network, *town.areas, '--sources', str(posts / 'sources.csv'), '--tiles',
              '--out', str(drawn))
    whole = next(row for row in rows(drawn / 'watched.csv') if row['kind'] == 'town')
    found = float(whole['covered_only_m']) + float(whole['covered_watched_m'])
    told = summary['covered_weight']
    expect(abs(found - told) <= 0.01, f'posts cover {told} m, coverage map finds {found} m')
    for name in ('polygons.geojson', 'coverage.gpkg', 'arrival.tif', 'tiles'):
        expect((drawn / name).exists(), f'coverage map: no {name}')


def main():
    parser = argparse.ArgumentParser()
    for name in ('bin', 'source', 'shared'):
        parser.add_argument('--' + name, required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        town = Town(arguments.bin, pathlib.Path(folder))
        base_out, base = town.run('base')
        expect(0 < base['town']['covered_ratio'] < 1, f'base: covered {base["town"]["covered_ratio"]}')
        check_units(town, base_out, base)
        check_reach_and_speeds(town, base)
        check_rounds(town)
        check_posts(town)
    return verdict()


if __name__ == '__main__':
    sys.exit(main())
