"""patrolctl network info and export on real networks, and on files that are none."""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import unittest

NETWORKS = {'chicago_shuttles': (9391, 11801), 'athens_small': (2692, 3436), 'beijing_taxi': (31791, 42562)}


def patrolctl(*arguments):
    return subprocess.run([os.path.join(options.bin, 'patrolctl'), *arguments], capture_output=True, text=True,
                          timeout=120)


def shared(*parts):
    path = os.path.join(options.shared, 'data', *parts)
    if not os.path.exists(path):
        raise unittest.SkipTest('no shared data beside the checkout')
    return path


class NetworkTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix='patrol-network-')
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name

    def test_starting_a_program_does_not_load_gdal(self):
        for program in ('patrolctl', 'patrold', 'patrolsim'):
            told = subprocess.run(['ldd', os.path.join(options.bin, program)], capture_output=True, text=True, timeout=60)
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertIn('libstdc++', told.stdout)
            self.assertNotIn('libgdal', told.stdout, program)

    def test_export_gives_each_allowed_direction_once_in_order(self):
        for name, (nodes, pieces) in NETWORKS.items():
            path = shared(name, 'network.osm.pbf')
            done = patrolctl('network', 'export', '--network', path, '--out', self.folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(os.path.join(self.folder, 'arcs.csv'), newline='') as file:
                rows = list(csv.DictReader(file))
            self.assertEqual(list(rows[0]), ['way_id', 'seq', 'from_node', 'to_node', 'length_m', 'time_s'])
            keys = [(int(row['way_id']), int(row['seq'])) for row in rows]
            self.assertEqual(keys, sorted(keys))
            self.assertEqual(len(set(keys)), pieces)
            self.assertEqual(len({(key, row['from_node']) for key, row in zip(keys, rows)}), len(rows))
            self.assertEqual(len({row['from_node'] for row in rows} | {row['to_node'] for row in rows}), nodes)
            for row in rows:
                self.assertEqual(len(row['time_s'].split('.')[1]), 6)
                self.assertGreater(float(row['time_s']), 0)
            with open(os.path.join(self.folder, 'restrictions.csv')) as file:
                self.assertEqual(len(file.readlines()), 1, 'these networks have no turn restrictions')

    def test_restrictions_are_exported_arc_by_arc(self):
        path = shared('osm', 'liechtenstein.osm.pbf')
        self.assertEqual(patrolctl('network', 'export', '--network', path, '--out', self.folder).returncode, 0)
        with open(os.path.join(self.folder, 'restrictions.csv'), newline='') as file:
            rows = list(csv.DictReader(file))
        self.assertGreaterEqual(len(rows), 4)
        for first, second in zip(rows, rows[1:]):
            if first['turn'] == second['turn']:
                self.assertEqual(first['to_node'], second['from_node'])

    def test_info_tells_the_same_in_all_formats(self):
        path = shared('osm', 'monaco.osm.pbf')
        as_json = patrolctl('--format', 'json', 'network', 'info', '--network', path)
        figures = json.loads(as_json.stdout)
        as_csv = patrolctl('--format', 'csv', 'network', 'info', '--network', path)
        rows = list(csv.DictReader(as_csv.stdout.splitlines()))
        self.assertEqual({row['figure']: float(row['value']) for row in rows}, figures)
        table = patrolctl('network', 'info', '--network', path)
        self.assertIn(f'{figures["pieces"]}', table.stdout)

    def test_a_truncated_file_is_refused_by_name(self):
        with open(shared('osm', 'monaco.osm.pbf'), 'rb') as file:
            whole = file.read()
        path = os.path.join(self.folder, 'cut.osm.pbf')
        with open(path, 'wb') as file:
            file.write(whole[:len(whole) // 2])
        done = patrolctl('network', 'info', '--network', path)
        self.assertEqual(done.returncode, 1)
        self.assertIn('cut.osm.pbf', done.stderr)
        self.assertIn('truncated', done.stderr)

    def test_faults_of_use_and_of_files_have_their_own_exit_codes(self):
        self.assertEqual(patrolctl('network', 'info').returncode, 2)
        missing = patrolctl('network', 'info', '--network', os.path.join(self.folder, 'none.osm.pbf'))
        self.assertEqual(missing.returncode, 1)
        self.assertIn('no such file', missing.stderr)
        mode = patrolctl('network', 'info', '--network', 'x.osm', '--mode', 'tank')
        self.assertEqual(mode.returncode, 2)
        self.assertIn('"tank"', mode.stderr)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    for name in ('--bin', '--source', '--shared'):
        parser.add_argument(name, required=True)
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0]] + rest)
