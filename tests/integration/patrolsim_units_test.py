"""patrolsim units against a real patrold: a day's fixes told as if they happened now.

usage: patrolsim_units_test.py --bin DIR --source DIR --shared DIR"""
import argparse
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

options = argparse.ArgumentParser()
for name in ('bin', 'source', 'shared'):
    options.add_argument('--' + name, required=True)
options = options.parse_args()
sys.path.insert(0, os.path.join(options.source, 'tests/support'))
from town import Programs, wait_until  # noqa: E402

CONFIG = '''listen: {{grpc: "{grpc}", http: "127.0.0.1:0"}}
data_dir: data
network: {{file: town/network.osm.pbf}}
areas_file: town/areas.geojson
'''


def get(service, path):
    with urllib.request.urlopen(service.http + path, timeout=20) as answer:
        return json.load(answer)


def known(service):
    return int(get(service, '/v1/coverage').get('units', {}).get('known', 0))


def newest_fix(service):
    """Time of the newest fix of any unit."""
    units = get(service, '/v1/units?pageSize=1000')['units']
    times = [unit['state']['fixTime'] for unit in units if unit.get('state', {}).get('fixTime')]
    return max((datetime.datetime.fromisoformat(time.replace('Z', '+00:00')) for time in times), default=None)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class UnitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix='patrol-units-')
        cls.programs = Programs(options.bin, cls.folder.name).__enter__()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.addClassCleanup(cls.programs.__exit__)
        town = cls.programs.town()
        cls.fixes, cls.units = os.path.join(town, 'fixes.csv'), os.path.join(town, 'units.csv')
        with open(cls.units, encoding='utf-8') as file:
            cls.unit_count = len(file.readlines()) - 1
        cls.service = cls.programs.patrold(CONFIG.format(grpc='127.0.0.1:0'))

    def tell(self, fixes, *arguments, server=None):
        """A running `patrolsim units`, and the file its diagnostics go to."""
        log = self.programs.path(self.id().rpartition('.')[2] + '.log')
        command = [os.path.join(options.bin, 'patrolsim'), 'units', '--fixes', fixes, '--server',
                   server or self.service.grpc, *arguments]
        with open(log, 'w', encoding='utf-8') as out:
            process = subprocess.Popen(command, stderr=out)
        self.programs.running.append(process)
        return process, log

    def read(self, path):
        with open(path, encoding='utf-8') as file:
            return file.read()

    def counts(self, log):
        """The counters of the last line."""
        lines = [line for line in self.read(log).splitlines() if line.startswith('sent ')]
        return {name: float(count) for name, count in re.findall(r'([a-z]+) ([\d.]+)', lines[-1])}

    def write(self, name, text):
        path = self.programs.path(name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def test_all_units_are_known_at_once_and_come_back_after_the_service_was_killed(self):
        process, log = self.tell(self.fixes, '--units', self.units, '--from', '2026-03-02T01:30:00Z', '--loop')
        wait_until(lambda: known(self.service) > self.unit_count // 3, 60, 'the shift that is on duty is known')
        wait_until(lambda: newest_fix(self.service) and now() - newest_fix(self.service) <
                   datetime.timedelta(seconds=30), 60, 'a fix of the present')

        address = self.service.grpc
        self.service.kill()
        type(self).service = self.programs.patrold(CONFIG.format(grpc=address))
        restarted = now()
        wait_until(lambda: newest_fix(self.service) and newest_fix(self.service) > restarted, 60,
                   'fixes after the restart')
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(0, process.wait(timeout=30))
        counts = self.counts(log)
        self.assertGreater(counts['stored'], 0)
        self.assertGreater(counts['reconnects'], 0)

    def test_a_file_is_told_to_its_end_and_faulty_rows_are_named(self):
        rows = ''.join(f'short-1,2026-03-02T05:00:{second:02d}Z,113.2241,22.8740\n' for second in range(0, 30, 3))
        fixes = self.write('short.csv', 'unit_id,time,lon,lat\n' + rows + 'short-1,yesterday,113.2,22.8\n')
        units = self.write('short-units.csv', 'unit_id,name,mode,force\nshort-1,短,foot,police\n')
        process, log = self.tell(fixes, '--units', units, '--speed', '3')
        self.assertEqual(0, process.wait(timeout=120))
        counts = self.counts(log)
        self.assertEqual((10, 10), (counts['acknowledged'], counts['stored']))
        self.assertRegex(self.read(log), r'short\.csv: line 12.*yesterday')

    def test_unknown_units_are_counted_and_do_not_end_it(self):
        fixes = self.write('stranger.csv', 'unit_id,time,lon,lat\nstranger,2026-03-02T05:00:00Z,113.2241,22.8740\n')
        process, log = self.tell(fixes)
        self.assertEqual(0, process.wait(timeout=120))
        self.assertEqual(0, self.counts(log)['stored'])
        self.assertIn('unknown unit 1', self.read(log))

    def test_an_absent_service_is_waited_for_until_asked_to_stop(self):
        process, log = self.tell(self.fixes, server='127.0.0.1:9')
        wait_until(lambda: 'again in' in self.read(log), 60, 'a line that says so')
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(timeout=30))

    def test_files_and_instants_that_are_not_there_are_told(self):
        for arguments, told in ((('--fixes', '/absent.csv'), '/absent.csv'),
                                (('--fixes', self.fixes, '--from', '2030-01-01T00:00:00Z'), 'no fix at or after'),
                                (('--fixes', self.fixes, '--from', 'noon'), 'noon'),
                                (('--fixes', self.fixes, '--warm', '60'), '60'),
                                (('--fixes', self.units), 'time')):
            outcome = self.programs.run('patrolsim', 'units', *arguments, check=False)
            self.assertEqual(1, outcome.returncode, arguments)
            self.assertIn(told, outcome.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
