"""Times `patrolctl posts run`: a published instance with known optima, and 300 candidates on a town of 32,000 nodes.

usage: posts.py BIN_DIR SHARED_DIR

Prints one row per problem: what was covered, the proven bound and gap, and the seconds of solving alone (wall, as the
program tells them; reading the network and searching the candidates' reaches are in the process's time beside them).
Beijing's candidates are nodes drawn by lot from a seed; `dense` gives them 300 s instead of 180 s, where three times as
many overlap. Exit 1 when San Francisco's optima are missed or a gap is over 0.5 % after 10 s."""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import osmium

OPTIMA = {1: 448255, 2: 671938, 4: 875247, 6: 941462}
AREA = {'type': 'FeatureCollection', 'features': [{'type': 'Feature', 'properties': {'id': 'all', 'kind': 'town'},
        'geometry': {'type': 'Polygon', 'coordinates': [[[115, 39], [118, 39], [118, 41], [115, 41], [115, 39]]]}}]}


class Nodes(osmium.SimpleHandler):
    """Places of the nodes of roads."""

    def __init__(self):
        super().__init__()
        self.places, self.used = {}, set()

    def node(self, n):
        self.places[n.id] = [round(n.location.lon, 7), round(n.location.lat, 7)]

    def way(self, w):
        if 'highway' in w.tags:
            self.used.update(n.ref for n in w.nodes)


def run(ctl, out, *arguments):
    started = time.monotonic()
    subprocess.run([ctl, 'posts', 'run', *map(str, arguments), '--out', out], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return json.loads((pathlib.Path(out) / 'summary.json').read_text()), time.monotonic() - started


def row(name, summary, whole_s):
    print(f"| {name} | {summary['candidates']} | {summary['demand_rows']} | {summary['objective']:.0f} | "
          f"{summary['bound']:.0f} | {summary['gap'] * 100:.4f} % | {'yes' if summary['proven'] else 'no'} | "
          f"{summary['seconds']:.3f} | {whole_s:.2f} |", flush=True)


def main(bin_folder, shared):
    ctl, data = str(pathlib.Path(bin_folder) / 'patrolctl'), pathlib.Path(shared) / 'data'
    if not data.is_dir():
        sys.exit(f'no research data in {data}')
    bad = []
    print('| problem | candidates | demand rows | objective | bound | gap | proven optimal | solving, s | process, s |\n'
          '| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
    with tempfile.TemporaryDirectory(prefix='patrol-bench-') as work:
        work = pathlib.Path(work)
        for count, optimum in OPTIMA.items():
            summary, whole_s = run(
                ctl, work / 'sf', '--matrix', data / 'mclp_sf/SF_network_distance_candidateStore_16_censusTract_205_new.csv',
                '--matrix-columns', 'candidate=name,demand=DestinationName,cost=distance,weight=demand',
                '--within', 5000, '--count', count)
            row(f'mclp_sf, p = {count}', summary, whole_s)
            if summary['objective'] != optimum or not summary['proven']:
                bad.append(f'mclp_sf p = {count}: {summary["objective"]}, not {optimum}')
        network = data / 'beijing_taxi/network.osm.pbf'
        nodes = Nodes()
        nodes.apply_file(str(network))
        (work / 'area.geojson').write_text(json.dumps(AREA))
        for seed, reach, kind in ((1, '180s', ''), (2, '180s', ''), (1, '300s', ', dense')):
            drawn = random.Random(seed).sample(sorted(nodes.used), 300)
            (work / 'candidates.geojson').write_text(json.dumps({'type': 'FeatureCollection', 'features': [
                {'type': 'Feature', 'properties': {'id': str(n), 'node_id': n},
                 'geometry': {'type': 'Point', 'coordinates': nodes.places[n]}} for n in drawn]}))
            for count in (10, 20, 40):
                summary, whole_s = run(ctl, work / 'beijing', '--network', network, '--areas', work / 'area.geojson',
                                       '--candidates', work / 'candidates.geojson', '--reach', reach, '--count', count)
                row(f'Beijing seed {seed}{kind}, p = {count}', summary, whole_s)
                if summary['gap'] > 0.005:
                    bad.append(f'Beijing seed {seed}{kind}, p = {count}: gap {summary["gap"]:.4f}')
    for fault in bad:
        print(fault)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2]))
