"""`coverage run` on real tracks: its files agree with each other and with what is computed anew here.

usage: coverage_run_test.py --bin DIR --source DIR --shared DIR      exit 77: skipped, reason printed.

For each data set the whole window is run, then
- summary.json, areas.csv and edges.csv are held against each other (sums, hours, ranges);
- areas.csv is held against polygons clipped here (points every few metres along the roads);
- instants at which all units have fixes are held against `coverage reach` from where `match run`
  puts them, which in turn the referee vouches for (reach_referee_test.py)."""
import argparse
import collections
import datetime
import importlib.util
import json
import math
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'support'))
from faults import expect, rows, verdict  # noqa: E402

DATA_SETS = ('athens_small', 'beijing_taxi', 'chicago_shuttles')
AREA_COLUMNS = ('area_id,kind,hour_start,patrollable_m,covered_ratio,covered_p5,covered_p50,covered_p95,'
                'unknown_ratio,visits,dwell_s,longest_uncovered_s,longest_revisit_s').split(',')
EDGE_COLUMNS = ('way_id,seq,from_node,to_node,length_m,covered_seconds,unknown_seconds,visits,'
                'longest_uncovered_s,longest_revisit_s').split(',')
STEP_S = 10
LOST_AFTER_S = 600


def skip(reason):
    print(f'skipped: {reason}')
    sys.exit(77)


def parse_time(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def format_time(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


def read_places(network):
    """Node id -> (lon, lat)."""
    import osmium
    places = {}

    class Handler(osmium.SimpleHandler):
        def node(self, node):
            places[node.id] = (node.location.lon, node.location.lat)

    Handler().apply_file(network)
    return places


def covering_area(places, path):
    """One area around the whole network."""
    lons, lats = zip(*places.values())
    west, east, south, north = min(lons) - .01, max(lons) + .01, min(lats) - .01, max(lats) + .01
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    with open(path, 'w') as file:
        json.dump({'type': 'FeatureCollection', 'features': [
            {'type': 'Feature', 'properties': {'id': 'town', 'name': 'Town', 'kind': 'town'},
             'geometry': {'type': 'Polygon', 'coordinates': [ring]}}]}, file)


def check_sums(name, out):
    summary = json.loads((out / 'summary.json').read_text())
    areas, edges = rows(out / 'areas.csv'), rows(out / 'edges.csv')
    town, steps = summary['town'], summary['steps']
    expect(list(areas[0])[:len(AREA_COLUMNS)] == AREA_COLUMNS, f'{name}: columns of areas.csv')
    expect(list(edges[0])[:len(EDGE_COLUMNS)] == EDGE_COLUMNS, f'{name}: columns of edges.csv')
    expect(steps == round((parse_time(summary['to']) - parse_time(summary['from'])) / STEP_S), f'{name}: steps')
    expect(abs(town['covered_m'] + town['unknown_m'] + town['not_covered_m'] - town['patrollable_m']) < 0.01,
           f'{name}: the town\'s three states do not add up: {town}')
    expect(0 < town['covered_m'] < town['patrollable_m'], f'{name}: nothing or all is covered: {town}')
    expect(len(edges) == len({(r['way_id'], r['seq']) for r in edges}), f'{name}: an edge is given twice')
    patrollable = covered = unknown = 0.0
    window_s = steps * STEP_S
    for row in edges:
        length, covered_s, unknown_s = (float(row[k]) for k in ('length_m', 'covered_seconds', 'unknown_seconds'))
        expect(0 <= covered_s and 0 <= unknown_s and covered_s + unknown_s <= window_s + 0.01,
               f'{name}: edge {row["way_id"]},{row["seq"]} is covered longer than the window')
        gap = float(row['longest_uncovered_s'])
        expect(gap <= window_s - covered_s + 0.01 if covered_s > 0 else gap == window_s,
               f'{name}: edge {row["way_id"]},{row["seq"]}: uncovered {gap} s, covered {covered_s} s')
        expect((int(row['visits']) > 0) == (float(row['longest_revisit_s']) < window_s),
               f'{name}: edge {row["way_id"]},{row["seq"]}: visits and revisit gap disagree')
        if row['patrollable'] == '1':
            patrollable += length
            covered += length * covered_s / window_s
            unknown += length * unknown_s / window_s
    for key, value in (('patrollable_m', patrollable), ('covered_m', covered), ('unknown_m', unknown)):
        expect(abs(town[key] - value) < 1e-5 * patrollable,
               f'{name}: {key} is {town[key]} in summary.json, {value} over edges.csv')
    check_hours(name, summary, areas)
    return summary, areas, edges


def check_hours(name, summary, areas):
    by_area = collections.defaultdict(list)
    for row in areas:
        by_area[row['area_id']].append(row)
    hours = {r['hour_start'] for r in summary['hours']}
    for area, its in by_area.items():
        window = [r for r in its if not r['hour_start']]
        hourly = [r for r in its if r['hour_start']]
        expect(len(window) == 1 and len(hourly) == len(hours) and {r['hour_start'] for r in hourly} == hours,
               f'{name}: area {area}: rows do not match the hours')
        for key in ('covered_ratio', 'unknown_ratio', 'dwell_s'):
            scale = 1 if key == 'dwell_s' else 1 / len(hourly)  # whole hours: a plain mean
            total = sum(float(r[key]) for r in hourly) * scale
            expect(abs(total - float(window[0][key])) < 1e-5 * max(1, total),
                   f'{name}: area {area}: {key} of the hours makes {total}, of the window {window[0][key]}')
        for row in its:
            low, middle, high = (float(row[f'covered_p{p}']) for p in (5, 50, 95))
            expect(0 <= low <= middle <= high <= 1, f'{name}: area {area} {row["hour_start"]}: percentiles')
            expect(float(row['covered_ratio']) + float(row['unknown_ratio']) <= 1 + 1e-6,
                   f'{name}: area {area} {row["hour_start"]}: more than everything')


def check_areas(name, areas_path, areas, edges, places, window_s):
    """Patrollable metres and covered ratio of each area, from points along the roads."""
    import numpy as np
    points, weights, covered = [], [], []
    for row in edges:
        if row['patrollable'] != '1':
            continue
        a, b = places[int(row['from_node'])], places[int(row['to_node'])]
        length = float(row['length_m'])
        count = max(1, math.ceil(length / 4))
        for i in range(count):
            share = (i + 0.5) / count
            points.append((a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share))
            weights.append(length / count)
            covered.append(float(row['covered_seconds']) / window_s)
    x, y = np.array(points).T
    weights, covered = np.array(weights), np.array(covered)

    def inside(ring):
        result = np.zeros(len(x), bool)
        for (x1, y1), (x2, y2) in zip(ring, ring[1:]):
            if y1 != y2:
                result ^= ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
        return result

    window = {r['area_id']: r for r in areas if not r['hour_start']}
    for feature in json.loads(pathlib.Path(areas_path).read_text())['features']:
        area, geometry = feature['properties']['id'], feature['geometry']
        polygons = geometry['coordinates'] if geometry['type'] == 'MultiPolygon' else [geometry['coordinates']]
        mask = np.zeros(len(x), bool)
        for rings in polygons:
            own = inside([place[:2] for place in rings[0]])
            for hole in rings[1:]:
                own &= ~inside([place[:2] for place in hole])
            mask |= own
        metres = float(weights[mask].sum())
        given = float(window[area]['patrollable_m'])
        expect(abs(metres - given) < 50 + 0.005 * metres, f'{name}: area {area}: {given} m, {metres:.0f} by points')
        ratio = float((weights * covered)[mask].sum()) / metres if metres else 0.0
        given = float(window[area]['covered_ratio'])
        expect(abs(ratio - given) < 0.005, f'{name}: area {area}: ratio {given}, {ratio:.6f} by points')


def choose_instants(fixes):
    """Up to three instants at which every unit heard of within LOST_AFTER_S has a matched fix."""
    by_time = collections.defaultdict(dict)
    for row in fixes:
        by_time[parse_time(row['time'])][row['unit_id']] = row
    times = sorted(by_time)
    chosen = []
    begin = 0
    for index, now in enumerate(times):
        while times[begin] < now - LOST_AFTER_S:
            begin += 1
        here = by_time[now]
        near = {unit for time in times[begin:index + 1] for unit in by_time[time]}
        if (near <= set(here) and now == int(now) and all(r['verdict'] == 'matched' for r in here.values())
                and (not chosen or now > chosen[-1][0] + 3600 or len(here) > len(chosen[-1][1]))):
            chosen.append((now, list(here.values())))
    return chosen[-3:]


def check_instants(name, patrolctl, base, fixes_path, out):
    """A window of one step equals `coverage reach` from where `match run` puts the units then."""
    chosen = choose_instants(rows(out / 'match' / 'fixes.csv'))
    header, *lines = fixes_path.read_text().splitlines()
    for now, units in chosen:
        folder = out / 'instant'
        # Whole tracks of the units heard of around the instant, to save time.
        around = {line.split(',')[0] for line in lines
                  if abs(parse_time(line.split(',')[1]) - now) < 2 * LOST_AFTER_S}
        (out / 'fixes.csv').write_text('\n'.join(
            [header] + [line for line in lines if line.split(',')[0] in around]) + '\n')
        run_coverage(patrolctl, base[:-1] + [str(out / 'fixes.csv')], folder,
                     '--from', format_time(now), '--to', format_time(now + STEP_S))
        (out / 'source.csv').write_text('way_id,seq,offset_m\n' + ''.join(
            f'{r["way_id"]},{r["seq"]},{r["offset_m"]}\n' for r in units))
        subprocess.run([patrolctl, 'coverage', 'reach', '--network', base[1], '--sources',
                        str(out / 'source.csv'), '--out', str(folder)], check=True)
        given = {(r['way_id'], r['seq']): r for r in rows(folder / 'edges.csv')}
        at = f'{name} at {format_time(now)}'
        total = 0.0
        for piece in rows(folder / 'pieces.csv'):
            edge = given[piece['way_id'], piece['seq']]
            metres = float(edge['covered_seconds']) / STEP_S * float(edge['length_m'])
            total += float(piece['covered_m'])
            expect(abs(metres - float(piece['covered_m'])) < 0.2,
                   f'{at}: edge {piece["way_id"]},{piece["seq"]}: {metres} m covered, '
                   f'{piece["covered_m"]} by coverage reach')
            expect(float(edge['unknown_seconds']) == 0, f'{at}: something is unknown')
        expect(total > 0, f'{at}: nothing reached')
    return [len(units) for _, units in chosen]


def run_coverage(patrolctl, base, folder, *more):
    subprocess.run([patrolctl, 'coverage', 'run', *base, '--out', str(folder), *more], check=True,
                   stdout=subprocess.DEVNULL)


def check(name, patrolctl, shared):
    data = shared / 'data' / name
    network = str(data / 'network.osm.pbf')
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        places = read_places(network)
        areas_path = data / 'areas.geojson'
        if not areas_path.exists():
            areas_path = out / 'areas.geojson'
            covering_area(places, areas_path)
        base = ['--network', network, '--areas', str(areas_path), '--fixes', str(data / 'fixes.csv')]
        run_coverage(patrolctl, base, out)
        summary, areas, edges = check_sums(name, out)
        for file in ('coverage.geojson', 'gaps.geojson'):
            features = json.loads((out / file).read_text())['features']
            expect(features and all(f['geometry']['type'] == 'LineString' for f in features), f'{name}: {file}')
        check_areas(name, areas_path, areas, edges, places, summary['steps'] * STEP_S)
        subprocess.run([patrolctl, 'match', 'run', '--network', network, '--fixes', str(data / 'fixes.csv'),
                        '--out', str(out / 'match')], check=True, stdout=subprocess.DEVNULL)
        instants = check_instants(name, patrolctl, base, data / 'fixes.csv', out)
        town = summary['town']
        print(f'{name}: {summary["steps"]} steps, {summary["units"]["count"]} units, covered '
              f'{town["covered_ratio"]}, covered or unknown {town["covered_or_unknown_ratio"]} of '
              f'{town["patrollable_m"] / 1000:.3f} km; recomputed instants with {instants} units')
        return instants


def main():
    parser = argparse.ArgumentParser()
    for name in ('bin', 'source', 'shared'):
        parser.add_argument('--' + name, required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    shared = arguments.shared.resolve()
    for name in DATA_SETS:
        if not (shared / 'data' / name / 'fixes.csv').exists():
            skip(f'no {shared}/data/{name}')
    for module in ('numpy', 'osmium'):
        if importlib.util.find_spec(module) is None:
            skip(f'the Python module {module} is not installed')
    instants = [check(name, str(arguments.bin / 'patrolctl'), shared) for name in DATA_SETS]
    expect(all(instants), 'no instant to recompute was found')
    return verdict()


if __name__ == '__main__':
    sys.exit(main())
