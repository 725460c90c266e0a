"""Makes a long window of fixes out of short real tracks: replicated and shifted in time.

usage: make_day.py BIN_DIR DATA_SET_DIR OUT_CSV [--units 100] [--hours 24] [--every 30] [--noise 8] [--seed 1]

The tracks of DATA_SET_DIR/fixes.csv are matched to DATA_SET_DIR/network.osm.pbf (`match run`). A unit drives one matched
path after another at the matched speed, from some time on, and reports every `--every` seconds with Gaussian noise of
`--noise` metres; on its way from one path to the next (at 20 m/s, and more than a minute) it is silent. There are as many
units as make `--units` known on average over `--hours` hours. The same seed gives the same file."""
import argparse
import csv
import datetime
import math
import pathlib
import random
import subprocess
import tempfile

import osmium

FIRST = datetime.datetime(2026, 3, 2, tzinfo=datetime.timezone.utc)
METRES_PER_DEGREE = 111195.0


def node_places(network, wanted):
    places = {}

    class Handler(osmium.SimpleHandler):
        def node(self, n):
            if n.id in wanted:
                places[n.id] = (n.location.lon, n.location.lat)

    Handler().apply_file(str(network))
    return places


def driven_runs(ctl, folder):
    """Unbroken drives of all tracks: lists of (seconds, node id), at least a minute long."""
    with tempfile.TemporaryDirectory(prefix='patrol-bench-') as work:
        subprocess.run([ctl, 'match', 'run', '--network', folder / 'network.osm.pbf', '--fixes', folder / 'fixes.csv',
                        '--out', work], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rows = list(csv.DictReader(open(pathlib.Path(work) / 'path.csv', newline='')))
    runs, run, unit = [], [], None
    for row in rows:
        if row['unit_id'] != unit or not row['node_id']:
            runs.append(run)
            run, unit = [], row['unit_id']
        if row['node_id']:
            at = datetime.datetime.fromisoformat(row['time'].replace('Z', '+00:00')).timestamp()
            if not run or at > run[-1][0]:
                run.append((at, int(row['node_id'])))
    runs.append(run)
    return [r for r in runs if len(r) > 1 and r[-1][0] - r[0][0] >= 60]


def positions(run, places, every):
    """(seconds from the run's beginning, lon, lat) every `every` seconds."""
    out, leg = [], 0
    begin = run[0][0]
    for k in range(int((run[-1][0] - begin) // every) + 1):
        at = begin + k * every
        while run[leg + 1][0] < at:
            leg += 1
        (t0, a), (t1, b) = run[leg], run[leg + 1]
        share = (at - t0) / (t1 - t0)
        (x0, y0), (x1, y1) = places[a], places[b]
        out.append((k * every, x0 + (x1 - x0) * share, y0 + (y1 - y0) * share))
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('bin')
    parser.add_argument('data', type=pathlib.Path)
    parser.add_argument('out', type=pathlib.Path)
    parser.add_argument('--units', type=float, default=100)
    parser.add_argument('--hours', type=float, default=24)
    parser.add_argument('--every', type=int, default=30)
    parser.add_argument('--noise', type=float, default=8)
    parser.add_argument('--seed', type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    runs = driven_runs(pathlib.Path(arguments.bin) / 'patrolctl', arguments.data)
    places = node_places(arguments.data / 'network.osm.pbf', {node for run in runs for _, node in run})
    tracks = [positions(run, places, arguments.every) for run in runs]
    end = int(arguments.hours * 3600)
    known, units, rows = 0.0, 0, 0
    with open(arguments.out, 'w') as file:
        file.write('unit_id,time,lon,lat\n')
        while known < arguments.units * end:
            units += 1
            track = rng.choice(tracks)
            at = -rng.randint(0, track[-1][0])
            while at < end:
                fixes = [(at + t, x, y) for t, x, y in track if 0 <= at + t < end]
                known += max(0, fixes[-1][0] - fixes[0][0]) if fixes else 0
                for second, x, y in fixes:
                    time = (FIRST + datetime.timedelta(seconds=second)).strftime('%Y-%m-%dT%H:%M:%SZ')
                    dx, dy = (rng.gauss(0, arguments.noise) / METRES_PER_DEGREE for _ in range(2))
                    file.write(f'u{units:06d},{time},{x + dx / math.cos(math.radians(y)):.6f},{y + dy:.6f}\n')
                    rows += 1
                _, x, y = track[-1]
                far = {id(t): math.hypot((t[0][1] - x) * math.cos(math.radians(y)), t[0][2] - y) for t in tracks}
                following = min(rng.sample(tracks, min(3, len(tracks))), key=lambda t: far[id(t)])
                at += track[-1][0] + max(61, int(far[id(following)] * METRES_PER_DEGREE / 20))
                track = following
    print(f'{units} units on {len(tracks)} paths, {rows} fixes, {known / end:.1f} known on average over {end} s')


main()
