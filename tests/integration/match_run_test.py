"""patrolctl match run on a small hand-made network: files, formats and bad rows as ARCHITECTURE.md says.

Method: a network of two streets as .osm, fixes with faults in them, one area; every file is compared
with what was worked out by hand."""
import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BIN = None
SHARED = None

# 1 --- 2 --- 3 along a parallel (about 103 m each), 4 north of 2.
NETWORK = """<?xml version='1.0'?>
<osm version='0.6'>
<node id='1' version='1' lat='22.9' lon='113.000'/>
<node id='2' version='1' lat='22.9' lon='113.001'/>
<node id='3' version='1' lat='22.9' lon='113.002'/>
<node id='4' version='1' lat='22.901' lon='113.001'/>
<way id='10' version='1'><nd ref='1'/><nd ref='2'/><nd ref='3'/><tag k='highway' v='residential'/></way>
<way id='11' version='1'><nd ref='2'/><nd ref='4'/><tag k='highway' v='residential'/></way>
</osm>
"""

FIXES = """note,unit_id,time,lon,lat
"first, of u",u,2026-03-02T08:00:00+08:00,113.0002,22.9
,u,not a time,113.0004,22.9
,u,2026-03-02T00:00:30Z,113.001,22.9005
,u,2026-03-02T00:00:30Z,113.001,22.9005
,u,2026-03-02T00:05:00Z,113.0012,22.9
,u,2026-03-02T00:05:30Z,113.0018,22.9
,far,2026-03-02T00:00:00Z,113.1,22.9
"""

AREAS = {'type': 'FeatureCollection', 'features': [{
    'type': 'Feature', 'properties': {'id': 'west', 'name': 'west', 'kind': 'grid'},
    'geometry': {'type': 'Polygon', 'coordinates': [[
        [112.99, 22.89], [113.0005, 22.89], [113.0005, 22.91], [112.99, 22.91], [112.99, 22.89]]]}}]}


def rows(path):
    with open(path, newline='') as file:
        return list(csv.reader(file))


class MatchRun(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.at = pathlib.Path(self.folder.name)
        (self.at / 'n.osm').write_text(NETWORK)
        (self.at / 'f.csv').write_text(FIXES)
        (self.at / 'a.geojson').write_text(json.dumps(AREAS))

    def tearDown(self):
        self.folder.cleanup()

    def run_match(self, *more, fixes='f.csv'):
        return subprocess.run(
            [BIN / 'patrolctl', '--format', 'json', 'match', 'run', '--network', self.at / 'n.osm',
             '--fixes', self.at / fixes, '--out', self.at / 'out', *more],
            capture_output=True, text=True, timeout=120)

    def test_writes_path_visits_and_verdicts(self):
        done = self.run_match('--areas', self.at / 'a.geojson')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('f.csv: line 3: column "time": "not a time"', done.stderr)
        self.assertIn('1 of 7 rows are bad, 6 imported', done.stderr)
        tally = json.loads(done.stdout)
        self.assertEqual((tally['units'], tally['fixes'], tally['matched'], tally['duplicate'],
                          tally['off_network']), (2, 6, 4, 1, 1))

        path = rows(self.at / 'out/path.csv')
        self.assertEqual(path[0], ['unit_id', 'seq', 'node_id', 'time', 'way_id'])
        self.assertEqual([(r[0], r[1], r[2], r[4]) for r in path[1:]], [
            ('u', '0', '1', '10'), ('u', '1', '2', '10'), ('u', '2', '4', '11'),
            ('u', '3', '', ''), ('u', '4', '2', '10'), ('u', '5', '3', '10')])
        self.assertEqual(path[1][3], '2026-03-02T00:00:00Z')
        self.assertTrue('2026-03-02T00:00:15' < path[2][3] < '2026-03-02T00:00:20', path[2])

        fixes = rows(self.at / 'out/fixes.csv')
        self.assertEqual(fixes[0], ['note', 'unit_id', 'time', 'lon', 'lat', 'verdict', 'way_id', 'seq',
                                    'offset_m', 'distance_m'])
        self.assertEqual(fixes[1][0], 'first, of u')
        self.assertEqual(fixes[1][5:8], ['matched', '10', '0'])
        self.assertAlmostEqual(float(fixes[1][8]), 20.5, delta=0.2)
        self.assertEqual([r[5] for r in fixes[1:]],
                         ['matched', 'matched', 'duplicate', 'matched', 'matched', 'off_network'])
        self.assertEqual(fixes[6][6:], ['', '', '', ''])

        visits = rows(self.at / 'out/visits.csv')
        self.assertEqual(visits[0], ['unit_id', 'area_id', 'enter_time', 'leave_time', 'dwell_s'])
        self.assertEqual(len(visits), 2)
        self.assertEqual(visits[1][:3], ['u', 'west', '2026-03-02T00:00:00Z'])
        self.assertAlmostEqual(float(visits[1][4]), 30 * 30.7 / 137.5, delta=0.2)

    def test_twice_the_same_gives_the_same_bytes(self):
        self.run_match()
        first = {p.name: p.read_bytes() for p in (self.at / 'out').iterdir()}
        self.run_match()
        self.assertEqual(first, {p.name: p.read_bytes() for p in (self.at / 'out').iterdir()})

    def test_online_it_tells_how_long_each_fix_had_and_without_a_bound_the_same_files(self):
        self.run_match('--areas', self.at / 'a.geojson')
        whole = {p.name: p.read_bytes() for p in (self.at / 'out').iterdir()}
        done = self.run_match('--online', '--delay', 'inf', '--areas', self.at / 'a.geojson')
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ('path.csv', 'visits.csv'):
            self.assertEqual((self.at / 'out' / name).read_bytes(), whole[name])
        fixes = rows(self.at / 'out/fixes.csv')
        self.assertEqual([r[:-2] for r in fixes], list(csv.reader(whole['fixes.csv'].decode().splitlines())))
        self.assertEqual(fixes[0][-2:], ['delay_s', 'settled'])
        # Nothing is heard for five minutes: after one of them the path is told.
        self.assertEqual(fixes[2][-2:], ['60.000', 'certain'])
        tally = json.loads(done.stdout)
        self.assertEqual((tally['forced'], tally['delay_max_s']), (0, 90))

        tally = json.loads(self.run_match('--online', '--delay', '10s').stdout)
        self.assertEqual(tally['delay_max_s'], 10)
        self.assertGreater(tally['forced'], 0)
        for delay, text in (('-1s', '--delay: -1s is less than nothing'), ('10', '--delay: "10" is not a duration')):
            done = self.run_match('--online', '--delay', delay)
            self.assertEqual(done.returncode, 2)
            self.assertIn(text, done.stderr)
        self.assertEqual(self.run_match('--delay', '10s').returncode, 2, 'needs --online')

    def follow(self, *more, text=FIXES):
        return subprocess.run(
            [BIN / 'patrolctl', '--format', 'csv', 'match', 'follow', '--network', self.at / 'n.osm', '--fixes',
             '-', *more], input=text, capture_output=True, text=True, timeout=120)

    def test_follow_tells_the_same_path_and_verdicts_piece_by_piece(self):
        self.run_match()
        path = rows(self.at / 'out/path.csv')[1:]
        fixes = rows(self.at / 'out/fixes.csv')[1:]
        done = self.follow('--delay', 'inf')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('column "time": "not a time"', done.stderr)
        told = list(csv.DictReader(done.stdout.splitlines()))
        self.assertEqual([(r['unit_id'], r['node_id'], r['time'], r['way_id']) for r in told if r['kind'] != 'fix'],
                         [(r[0], r[2], r[3], r[4]) for r in path])
        columns = ('verdict', 'way_id', 'seq', 'offset_m', 'distance_m')
        self.assertEqual(sorted([r['unit_id'], *(r[c] for c in columns)] for r in told if r['kind'] == 'fix'),
                         sorted([r[1], *r[5:]] for r in fixes))

    def test_follow_tells_a_fix_as_soon_as_its_delay_is_over(self):
        child = subprocess.Popen(
            [BIN / 'patrolctl', '--format', 'json', 'match', 'follow', '--network', self.at / 'n.osm', '--fixes',
             '-', '--delay', '0s'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        child.stdin.write('unit_id,time,lon,lat\nu,2026-03-02T00:00:00Z,113.0002,22.9\n')
        child.stdin.flush()
        told = json.loads(child.stdout.readline())  # waits for no other fix
        self.assertEqual((told['verdict'], told['way_id'], told['delay_s'], told['settled']),
                         ('matched', 10, 0, 'by_delay'))
        child.stdin.close()
        self.assertEqual(child.wait(60), 0)
        child.stdout.close()

    def test_modes_come_from_the_units_file(self):
        (self.at / 'u.csv').write_text('unit_id,mode\nu,foot\n')
        done = self.run_match('--units', self.at / 'u.csv')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('unit "far" is not in', done.stderr)

    def test_a_units_file_with_a_bad_row_is_refused(self):
        (self.at / 'u.csv').write_text('unit_id,mode\nu,tank\n')
        done = self.run_match('--units', self.at / 'u.csv')
        self.assertEqual(done.returncode, 1)
        self.assertIn('line 2: column "mode": "tank"', done.stderr)
        self.assertIn('1 of 1 rows is bad', done.stderr)

    def test_naive_times_need_a_zone(self):
        (self.at / 'naive.csv').write_text('unit_id,time,lon,lat\nu,2026-03-02 08:00:00,113,22.9\n')
        done = self.run_match(fixes='naive.csv')
        self.assertEqual(done.returncode, 1)
        self.assertIn('no UTC offset', done.stderr)
        self.assertIn('no fix could be read', done.stderr)
        self.assertEqual(self.run_match('--time-zone', 'Asia/Shanghai', fixes='naive.csv').returncode, 0)

    def test_faults_name_what_is_wrong(self):
        for arguments, code, text in ((['--mode', 'boat'], 2, '--mode: "boat"'),
                                      (['--datum', 'mars'], 2, '--datum: mars not in {wgs84,gcj02,bd09}'),
                                      (['--time-zone', 'Nowhere/At_all'], 2, '--time-zone: "Nowhere/At_all"'),
                                      (['--areas', self.at / 'none'], 1, 'none: cannot be read')):
            done = self.run_match(*arguments)
            self.assertEqual(done.returncode, code, text)
            self.assertIn(text, done.stderr)
        self.assertEqual(subprocess.run([BIN / 'patrolctl', 'match', 'run'],
                                        capture_output=True).returncode, 2)

    def test_a_wrong_datum_is_named_and_nothing_is_converted(self):
        # A town of blocks of 200 m, and a drive along its streets, a fix each 62 m.
        network = ["<osm version='0.6'>"]
        network += [f"<node id='{100 * r + c + 1}' version='1' lat='{22.9 + r * 0.0018}' "
                    f"lon='{113 + c * 0.00195}'/>" for r in range(12) for c in range(12)]
        streets = [[100 * r + c + 1 for c in range(12)] for r in range(12)]
        for way, nodes in enumerate(streets + [list(nodes) for nodes in zip(*streets)]):
            network.append(f"<way id='{way + 1}' version='1'>" + ''.join(f"<nd ref='{n}'/>" for n in nodes) +
                           "<tag k='highway' v='residential'/></way>")
        (self.at / 'n.osm').write_text('\n'.join(network + ['</osm>']))
        (self.at / 'drive.csv').write_text('unit_id,time,lon,lat\n' + ''.join(
            f'u,2026-03-02T00:{i // 6:02}:{i % 6 * 10:02}Z,{113 + i % 35 * 0.0006:.6f},'
            f'{22.9 + i // 35 * 0.0018:.6f}\n' for i in range(210)))
        for datum, suspected in (('wgs84', ''), ('gcj02', 'wgs84'), ('bd09', 'wgs84')):
            done = self.run_match('--datum', datum, fixes='drive.csv')
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)['suspected_datum'], suspected)
            if suspected:
                self.assertIn(f'drive.csv: positions seem to be in wgs84 rather than {datum}', done.stderr)
                self.assertIn('run again with --datum wgs84', done.stderr)
            else:
                self.assertNotIn('warning', done.stderr)
            drive = rows(self.at / 'drive.csv')
            self.assertEqual([r[:4] for r in rows(self.at / 'out/fixes.csv')], drive)

    def test_of_two_ways_alike_none_is_told(self):
        # 1 --- 2 === 3 --- 6: from 2 to 3 over 4 or over 5, as long; nothing is heard on the way.
        nodes = {1: (22.9, 113.0), 2: (22.9, 113.004), 3: (22.9, 113.008), 4: (22.9006, 113.006),
                 5: (22.8994, 113.006), 6: (22.9, 113.012)}
        network = ["<?xml version='1.0'?><osm version='0.6'>"] + [
            f"<node id='{node}' version='1' lat='{lat}' lon='{lon}'/>" for node, (lat, lon) in nodes.items()]
        for way, refs in ((10, (1, 2)), (20, (2, 4, 3)), (30, (2, 5, 3)), (40, (3, 6))):
            network.append(f"<way id='{way}' version='1'>" + ''.join(f"<nd ref='{ref}'/>" for ref in refs) +
                           "<tag k='highway' v='residential'/></way>")
        (self.at / 'n.osm').write_text(''.join(network) + '</osm>')
        (self.at / 'drive.csv').write_text('unit_id,time,lon,lat\n' + ''.join(
            f'u,2026-03-02T00:{at},{lon},22.9\n'
            for at, lon in (('00:00Z', 113.001), ('00:20Z', 113.0035), ('00:50Z', 113.0085), ('01:10Z', 113.011))))
        done = self.run_match(fixes='drive.csv')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([r[2] for r in rows(self.at / 'out/path.csv')[1:]], ['1', '2', '', '3', '6'])
        tally = json.loads(done.stdout)
        self.assertGreater(tally['doubtful_km'], 0.4)
        self.assertGreater(tally['path_km'], tally['doubtful_km'])
        self.assertEqual(tally['matched'], 4)

    def test_real_tracks_are_recovered(self):
        folder = SHARED / 'data/kubicka/12'
        if not folder.exists():
            self.skipTest(f'{folder} is not there')
        done = subprocess.run(
            [BIN / 'patrolctl', 'match', 'run', '--network', folder / 'network.osm.pbf', '--fixes',
             folder / 'fixes.csv', '--out', self.at / 'out'], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        scored = subprocess.run(
            ['/usr/bin/python3', SHARED / 'check/match_score.py', '--quiet', '--network',
             folder / 'network.osm.pbf', '--truth', folder / 'truth.csv', '--path',
             self.at / 'out/path.csv'], capture_output=True, text=True, timeout=300)
        if scored.returncode != 0 and 'osmium' in scored.stderr:
            self.skipTest('python3-pyosmium is not installed')
        self.assertIn('recovered 100.0000%', scored.stdout)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--bin', type=pathlib.Path)
    parser.add_argument('--source')
    parser.add_argument('--shared', type=pathlib.Path)
    arguments, rest = parser.parse_known_args()
    BIN, SHARED = arguments.bin, arguments.shared
    unittest.main(argv=[sys.argv[0], *rest])
