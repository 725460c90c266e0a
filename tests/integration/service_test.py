"""The whole service from outside: a real patrold, simulated cameras, a gRPC client that learns the API by
reflection, and the HTTP gateway.

usage: service_test.py --bin DIR --source DIR --shared DIR"""
import argparse
import contextlib
import csv
import datetime
import json
import os
import sqlite3
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

options = argparse.ArgumentParser()
for name in ('bin', 'source', 'shared'):
    options.add_argument('--' + name, required=True)
options = options.parse_args()
sys.path.insert(0, os.path.join(options.source, 'tests/support'))
try:
    import grpc
    from reflection_client import Client
except ImportError as missing:
    print(f'skipped: {missing}')
    sys.exit(77)
from town import Programs, read_text, wait_until  # noqa: E402

UTC = datetime.timezone.utc
MOTION_SECONDS = 120


def stamp(seconds_ago=0.0):
    at = datetime.datetime.now(UTC) - datetime.timedelta(seconds=seconds_ago)
    return at.isoformat(timespec='microseconds').replace('+00:00', 'Z')


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.headers.get_content_type(), answer.read()


class ServiceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix='patrol-service-')
        cls.programs = Programs(options.bin, cls.folder.name).__enter__()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.addClassCleanup(cls.programs.__exit__)
        town = cls.programs.town()
        cache = os.path.join(os.path.dirname(options.bin), 'test-clips')
        rtsp = cls.programs.cameras(2, cache)
        with open(os.path.join(town, 'cameras.csv'), encoding='utf-8') as file:
            cls.sites = list(csv.DictReader(file))[:2]
        with open(os.path.join(town, 'fixes.csv'), encoding='utf-8') as file:
            cls.fixes = [row for row, _ in zip(csv.DictReader(file), range(2000))]
        cameras = '\n'.join(
            f'  - {{id: "{site["camera_id"]}", name: "{site["name"]}", position: [{site["lon"]}, {site["lat"]}],'
            f' source: "rtsp://{rtsp}/cam-{k + 1:04d}"}}' for k, site in enumerate(cls.sites))
        cls.config = (f'listen: {{grpc: "127.0.0.1:0", http: "127.0.0.1:0"}}\n'
                      f'data_dir: data\n'
                      f'network: {{file: town/network.osm.pbf}}\n'
                      f'areas_file: town/areas.geojson\n'
                      f'units:\n  - {{id: car-x, name: 巡逻车, mode: car}}\n  - {{id: foot-x, mode: foot}}\n'
                      f'cameras:\n{cameras}\n'
                      f'  - {{id: nowhere, position: [{cls.sites[0]["lon"]}, {cls.sites[0]["lat"]}],'
                      f' source: "rtsp://127.0.0.1:9/none"}}\n')
        cls.service = cls.programs.patrold(cls.config)
        cls.client = Client(cls.service.grpc)

    def report(self, *fixes, sequence=7):
        """One request of fixes; returns its acknowledgement."""
        return next(iter(self.client.stream('patrol.v1.PositionService/ReportPositions',
                                            [{'sequence': sequence, 'fixes': list(fixes)}])))

    def place(self, index=0):
        return {'lon': float(self.fixes[index]['lon']), 'lat': float(self.fixes[index]['lat'])}

    def test_a_client_learns_the_api_by_reflection(self):
        services = self.client.services()
        for service in ('CameraService', 'MotionService', 'PositionService', 'UnitService', 'AreaService',
                        'CoverageService'):
            self.assertIn('patrol.v1.' + service, services)
        self.assertIn('grpc.health.v1.Health', services)

    def test_health_says_serving(self):
        check = self.client.channel.unary_unary('/grpc.health.v1.Health/Check', request_serializer=bytes,
                                                response_deserializer=bytes)
        self.assertEqual(check(b'', timeout=10), b'\x08\x01')

    def test_areas_of_the_configuration_are_there(self):
        areas = self.client.call('patrol.v1.AreaService/ListAreas', {'pageSize': 1000, 'withoutGeometry': True})['areas']
        kinds = [area['kind'] for area in areas]
        self.assertEqual((kinds.count('village'), kinds.count('grid')), (33, 38))
        self.assertTrue(all(area['patrollableM'] > 0 for area in areas if area['kind'] == 'village'))

    def test_a_fix_is_acknowledged_matched_and_covers(self):
        watch = self.client.watch('patrol.v1.CoverageService/WatchCoverage', {'interval': '0.1s'})
        first = next(watch)
        answer = self.report({'unit': 'units/car-x', 'time': stamp(), 'position': self.place()})
        self.assertEqual((int(answer['sequence']), answer['stored'], answer['faults']), (7, 1, []))
        later = next(c for c in watch if int(c['revision']) > int(first['revision']) and c['units']['known'] >= 1)
        self.assertGreater(later['town']['coveredM'], 0)
        self.assertGreater(later['town']['coveredRatio'], 0)
        for area in [later['town'], *later['areas']]:
            total = area['coveredM'] + area['unknownM'] + area['notCoveredM']
            self.assertAlmostEqual(total, area['patrollableM'], delta=0.001)
        unit = self.client.call('patrol.v1.UnitService/GetUnit', {'name': 'units/car-x'})
        self.assertEqual(unit['state']['knowledge'], 'UNIT_KNOWLEDGE_KNOWN')
        roads = json.loads(self.client.call('patrol.v1.CoverageService/GetCoveredRoads')['geojson'])
        self.assertTrue(any(f['properties']['state'] == 'covered' for f in roads['features']))

    def test_each_bad_fix_is_named_and_the_good_one_kept(self):
        place, now = self.place(), stamp()
        answer = self.report({'unit': 'units/nobody', 'time': now, 'position': place},
                             {'unit': 'units/foot-x', 'time': stamp(-3600), 'position': place},
                             {'unit': 'units/foot-x', 'time': now, 'position': {'lon': 200, 'lat': 22}},
                             {'unit': 'units/foot-x', 'position': place},
                             {'unit': 'units/foot-x', 'time': now, 'position': place},
                             {'unit': 'units/foot-x', 'time': now, 'position': place},
                             {'unit': 'units/foot-x', 'time': stamp(500), 'position': place})
        self.assertEqual({fault['index']: fault['verdict'] for fault in answer['faults']},
                         {0: 'FIX_VERDICT_UNKNOWN_UNIT', 1: 'FIX_VERDICT_FUTURE', 2: 'FIX_VERDICT_INVALID',
                          3: 'FIX_VERDICT_INVALID', 5: 'FIX_VERDICT_DUPLICATE', 6: 'FIX_VERDICT_LATE'})
        self.assertEqual(answer['stored'], 2)
        messages = {fault['index']: fault['message'] for fault in answer['faults']}
        self.assertIn('lon', messages[2])
        self.assertIn('time', messages[3])
        self.assertIn('nobody', messages[0])

    def test_motion_is_told_with_its_area_and_who_can_be_there(self):
        event = next(change['motionEvent'] for change in
                     self.client.watch('patrol.v1.MotionService/WatchMotionEvents', timeout=MOTION_SECONDS)
                     if 'motionEvent' in change and change['motionEvent']['phase'] == 'MOTION_PHASE_BEGIN')
        self.assertIn(event['camera'], ['cameras/' + site['camera_id'] for site in self.sites])
        self.assertTrue(event['response']['area'].startswith('areas/'), event)
        self.assertTrue(event['response']['nearestUnit'] or event['response']['unattended'], event)
        self.assertTrue(0 <= event['zone']['left'] < event['zone']['right'] <= 1, event)

        # It ends, is stored, and has a still.
        def ended():
            found = self.client.call('patrol.v1.MotionService/GetMotionEvent', {'name': event['name']})
            return found if found['phase'] == 'MOTION_PHASE_END' and found['hasStill'] else None
        wait_until(ended, MOTION_SECONDS, 'the event ends, with a still')
        kind, jpeg = get(f'{self.service.http}/v1/{event["name"]}/still')
        self.assertEqual((kind, jpeg[:2]), ('image/jpeg', b'\xff\xd8'))

    def test_a_camera_that_is_not_there_says_why_and_disturbs_nobody(self):
        def state():
            return self.client.call('patrol.v1.CameraService/GetCamera', {'name': 'cameras/nowhere'})['state']
        wait_until(lambda: 'refused' in state()['reason'].lower(), 15, 'the reason names the refused connection')
        self.assertTrue(state()['blind'])
        name = 'cameras/' + self.sites[0]['camera_id']

        def streaming():
            return self.client.call('patrol.v1.CameraService/GetCamera', {'name': name})['state']
        wait_until(lambda: int(streaming()['picturesDecoded']) > 5, 30, 'the other camera is decoded')
        kind, jpeg = get(f'{self.service.http}/v1/{name}/snapshot')
        self.assertEqual((kind, jpeg[:2]), ('image/jpeg', b'\xff\xd8'))

    def test_errors_name_the_field_and_have_a_deliberate_code(self):
        for method, fields, code, word in (
                ('UnitService/GetUnit', {'name': 'units/none'}, grpc.StatusCode.NOT_FOUND, 'none'),
                ('UnitService/GetUnit', {'name': 'car-x'}, grpc.StatusCode.INVALID_ARGUMENT, 'name'),
                ('UnitService/CreateUnit', {'unitId': 'a b', 'unit': {}}, grpc.StatusCode.INVALID_ARGUMENT, 'unit_id'),
                ('UnitService/CreateUnit', {'unitId': 'car-x', 'unit': {}}, grpc.StatusCode.ALREADY_EXISTS, 'car-x'),
                ('UnitService/ListUnits', {'pageToken': 'x'}, grpc.StatusCode.INVALID_ARGUMENT, 'page_token'),
                ('CameraService/CreateCamera', {'cameraId': 'c', 'camera': {'sourceUri': 'http://x'}},
                 grpc.StatusCode.INVALID_ARGUMENT, 'source_uri'),
                ('AreaService/ImportAreas', {'geojson': '{'}, grpc.StatusCode.INVALID_ARGUMENT, 'geojson')):
            with self.assertRaises(grpc.RpcError, msg=method) as raised:
                self.client.call('patrol.v1.' + method, fields)
            self.assertEqual(raised.exception.code(), code, f'{method}: {raised.exception.details()}')
            self.assertIn(word, raised.exception.details())

    def test_the_gateway_speaks_json_and_maps_errors(self):
        kind, body = get(self.service.http + '/v1/units/car-x')
        self.assertEqual((kind, json.loads(body)['displayName']), ('application/json', '巡逻车'))
        with self.assertRaises(urllib.error.HTTPError) as raised:
            get(self.service.http + '/v1/units/none')
        self.assertEqual(raised.exception.code, 404)
        kind, body = get(self.service.http + '/v1/network')
        self.assertEqual(kind, 'application/geo+json')
        roads = json.loads(body)['features']
        self.assertGreater(len(roads), 100)
        lon, lat = roads[0]['geometry']['coordinates'][0]
        place = json.loads(get(f'{self.service.http}/v1/coverage/place?lon={lon}&lat={lat}')[1])
        self.assertIn(place['state'], ('STATE_COVERED', 'STATE_UNKNOWN', 'STATE_NOT_COVERED'))
        self.assertTrue(place.get('unit') or place['reason'], place)

    def test_a_window_of_the_past_is_computed_from_stored_fixes(self):
        windows = self.service.http + '/v1/coverageWindows'
        area = self.client.call('patrol.v1.AreaService/ListAreas', {'pageSize': 1})['areas'][0]['name']
        order = {'fromTime': '2026-03-02T00:00:00Z', 'toTime': '2026-03-02T01:00:00Z', 'backup': True,
                 'requiredRounds': [{'area': area, 'every': '1200s'}]}
        request = urllib.request.Request(windows, json.dumps(order).encode(), {'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, timeout=10) as answer:
            name = json.load(answer)['name']

        def window():
            return json.loads(get(f'{self.service.http}/v1/{name}')[1])
        wait_until(lambda: window()['state'] == 'STATE_SUCCEEDED', 60, 'the window is computed')
        town = window()['town']
        self.assertGreater(town['patrollableM'], 0)
        self.assertEqual(len(town['hours']), 1)
        self.assertLessEqual(town['window']['backupRatio'], town['window']['coveredRatio'])
        round_ = window()['rounds'][0]
        self.assertEqual((round_['area'], round_['every']), (area, '1200s'))
        self.assertEqual(round_['met'] + round_['late'] + round_['missed'], len(round_['dueVisits']))
        kind, body = get(f'{self.service.http}/v1/{name}/blindSpots')
        self.assertEqual(kind, 'application/geo+json')
        self.assertEqual(len(json.loads(body)['features']), min(100, window()['blindSpots']))

    def test_metrics_tell_cameras_and_how_many_units_but_not_which(self):
        name = self.sites[0]['camera_id']

        def metrics():
            kind, text = get(self.service.http + '/metrics')
            self.assertEqual(kind, 'text/plain')
            return text.decode()
        wait_until(lambda: f'patrol_camera_phase{{camera="{name}",phase="streaming"}} 1' in metrics(), 30,
                   'the camera streams, on /metrics')
        wait_until(lambda: 'patrol_ingest_access_unit_age_seconds_count 0' not in metrics(), 30,
                   'a sender report gave pictures an age')
        text = metrics()
        values = dict(line.rsplit(' ', 1) for line in text.splitlines() if not line.startswith('#'))
        self.assertGreater(float(values[f'patrol_camera_access_units_total{{camera="{name}"}}']), 0)
        self.assertGreater(float(values['process_resident_memory_bytes']), 1e6)
        self.assertGreater(float(values['patrol_ingest_loop_lag_seconds_bucket{le="+Inf"}']), 0)
        self.assertEqual(sum(float(value) for key, value in values.items() if key.startswith('patrol_units{')), 2)
        self.assertNotIn('car-x', text)
        self.assertNotIn('rtsp://', text)

    def test_no_answer_shows_a_camera_s_address(self):
        for path in ('/v1/cameras', '/v1/cameras/' + self.sites[0]['camera_id']):
            self.assertNotIn(b'rtsp://', get(self.service.http + path)[1])


class KilledServiceTest(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_by_kill_9(self):
        with tempfile.TemporaryDirectory(prefix='patrol-kill-') as folder, Programs(options.bin, folder) as programs:
            town = programs.town()
            with open(os.path.join(town, 'fixes.csv'), encoding='utf-8') as file:
                row = next(csv.DictReader(file))
            place = {'lon': float(row['lon']), 'lat': float(row['lat'])}
            config = ('listen: {grpc: "127.0.0.1:0", http: "127.0.0.1:0"}\ndata_dir: data\n'
                      'network: {file: town/network.osm.pbf}\n')
            service = programs.patrold(config)
            client = Client(service.grpc)
            client.call('patrol.v1.UnitService/CreateUnit', {'unitId': 'u', 'unit': {'displayName': '甲'}})
            client.call('patrol.v1.CameraService/CreateCamera',
                        {'cameraId': 'c', 'camera': {'sourceUri': 'rtsp://127.0.0.1:9/x', 'disabled': True}})
            acknowledged = 0

            def requests():
                for k in range(200):
                    yield {'sequence': k, 'fixes': [{'unit': 'units/u', 'time': stamp(300 - k), 'position': place}]}
            for answer in client.stream('patrol.v1.PositionService/ReportPositions', requests()):
                acknowledged += answer['stored']
                if acknowledged == 60:
                    service.kill()
                    break
            self.assertEqual(acknowledged, 60)

            again = Client(programs.patrold(config).grpc)
            fixes = again.call('patrol.v1.PositionService/ListFixes', {'unit': 'units/u', 'pageSize': 1000})['fixes']
            self.assertGreaterEqual(len(fixes), 60)
            self.assertEqual(again.call('patrol.v1.UnitService/GetUnit', {'name': 'units/u'})['displayName'], '甲')
            again.call('patrol.v1.CameraService/GetCamera', {'name': 'cameras/c'})


class RestartedServiceTest(unittest.TestCase):
    def test_what_zones_usually_do_outlives_a_restart_and_a_damaged_row_takes_nothing_with_it(self):
        with tempfile.TemporaryDirectory(prefix='patrol-restart-') as folder, Programs(options.bin, folder) as programs:
            programs.town()
            config = ('listen: {grpc: "127.0.0.1:0", http: "127.0.0.1:0"}\ndata_dir: data\n'
                      'network: {file: town/network.osm.pbf}\n')
            service = programs.patrold(config)
            client = Client(service.grpc)
            for name in ('a', 'b'):
                client.call('patrol.v1.CameraService/CreateCamera',
                            {'cameraId': name, 'camera': {'sourceUri': 'rtsp://127.0.0.1:9/x', 'disabled': True}})
            self.assertEqual(service.stop(), 0)

            def rows(change=None):
                with contextlib.closing(sqlite3.connect(programs.path('data/patrolcircle.db'))) as db, db:
                    if change:
                        db.executemany('UPDATE zone_hours SET hours = ? WHERE camera_id = ?', change)
                    return dict(db.execute('SELECT camera_id, hours FROM zone_hours'))
            self.assertEqual(sorted(rows()), ['a', 'b'])
            rows([('1' + ' 7200.0:1800.0' * 24, 'a'), ('1 7200.0:x', 'b')])

            service = programs.patrold(config)
            client = Client(service.grpc)

            def usual(name):
                state = client.call('patrol.v1.CameraService/GetCamera', {'name': 'cameras/' + name})['state']
                return state['zones'][0].get('usualShare')
            self.assertAlmostEqual(usual('a'), 0.25)
            self.assertIsNone(usual('b'))
            self.assertIn('camera "b", zone "": what was kept of its hours is damaged', read_text(service.log))
            self.assertEqual(service.stop(), 0)
            self.assertEqual(rows()['a'], '1' + ' 7200.0:1800.0' * 24)


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix='patrol-cli-')
        self.addCleanup(self.folder.cleanup)
        self.programs = Programs(options.bin, self.folder.name)

    def test_any_address_but_loopback_is_refused(self):
        config = self.programs.path('bad.yaml')
        with open(config, 'w') as file:
            file.write('listen: {grpc: "0.0.0.0:7700"}\nnetwork: {file: none.osm.pbf}\n')
        done = self.programs.run('patrold', 'serve', '--config', config, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('bad.yaml:1: listen.grpc', done.stderr)
        self.assertIn('loopback', done.stderr)
        self.assertIn('bad.yaml:2: network.file', done.stderr)

    def test_wrong_usage_is_exit_2(self):
        for program in ('patrold', 'patrolctl', 'patrolsim'):
            self.assertEqual(self.programs.run(program, 'nonsense', check=False).returncode, 2, program)

    def test_a_truncated_network_is_one_clear_line(self):
        town = self.programs.town()
        with open(os.path.join(town, 'network.osm.pbf'), 'rb') as file:
            whole = file.read()
        short = self.programs.path('short.osm.pbf')
        with open(short, 'wb') as file:
            file.write(whole[:len(whole) // 2])
        done = self.programs.run('patrolctl', 'network', 'info', '--network', short, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('short.osm.pbf', done.stderr)
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)

    def test_patrolctl_says_when_no_service_is_there(self):
        done = self.programs.run('patrolctl', '--server', '127.0.0.1:9', 'units', 'list', check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('127.0.0.1:9', done.stderr)


class ShutdownTest(unittest.TestCase):
    def test_sigterm_ends_it_in_order_and_soon(self):
        with tempfile.TemporaryDirectory(prefix='patrol-stop-') as folder, Programs(options.bin, folder) as programs:
            programs.town()
            service = programs.patrold('listen: {grpc: "127.0.0.1:0", http: "127.0.0.1:0"}\ndata_dir: data\n'
                                       'network: {file: town/network.osm.pbf}\n')
            watch = Client(service.grpc).watch('patrol.v1.CoverageService/WatchCoverage')
            next(watch)
            self.assertEqual(service.stop(), 0)
            with self.assertRaises(grpc.RpcError) as raised:
                for _ in watch:
                    pass
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]], verbosity=2)
