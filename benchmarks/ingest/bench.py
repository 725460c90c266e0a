"""Runs loads of simulated cameras against patrold and says what they cost and what was seen.

usage: bench.py BIN_DIR SHARED_DIR [--seconds N] [--cameras N] [--warm-up N] [--port N] [--out FILE.json] [SCENARIO...]

Load generator and service share this machine. A row is printed, and the JSON written, after each scenario, so that
an interrupted run keeps what it measured. Ctrl-C ends all that was started."""
import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from statistics import median

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'tests', 'support'))
import live_latency  # noqa: E402
import metrics  # noqa: E402
import peers  # noqa: E402
import procfs  # noqa: E402
import scenarios  # noqa: E402
import score  # noqa: E402
from town import Programs, read_text  # noqa: E402

SAMPLE_SECONDS = 2.0
VIEW_SECONDS = 0.7  # that each live view is watched
START_SECONDS_MAX = 180
RENDER_SECONDS_MAX = 3600  # the first time; afterwards the scenes are in patrolsim's cache
STREAMING_SHARE = 0.99
SAMPLES_A_MINUTE = round(60 / SAMPLE_SECONDS)

COLUMNS = ['scenario', 'cameras', 'moving', 'streaming', 'seeing', 'pictures/s', 'service CPU', 'loop CPU', 'machine CPU',
           'RSS MB', 'sockets MB', 'age p99 ms', 'lag p99 ms', 'lost packets', 'UDP drops', 'longest block ms', 'recall',
           'in busy', 'false/h', 'latency p50/p95 s', '99 % after s']
LOOP_THREAD = 'ingest'
# Histograms of /metrics, of which the p50 and p99 of the time measured are told.
AGE, LAG = 'patrol_ingest_access_unit_age_seconds', 'patrol_ingest_loop_lag_seconds'
# Counters of /metrics, of which the growth is told.
GROWN = {'units': 'patrol_camera_access_units_total', 'units_damaged': 'patrol_camera_access_units_damaged_total',
         'bytes': 'patrol_camera_received_bytes_total', 'packets': 'patrol_camera_packets_total',
         'packets_lost': 'patrol_camera_packets_lost_total', 'packets_reordered': 'patrol_camera_packets_reordered_total',
         'pictures': 'patrol_camera_pictures_decoded_total', 'units_dropped': 'patrol_ingest_decode_dropped_units_total',
         'decode_errors': 'patrol_camera_decode_errors_total', 'decode_cpu_s': 'patrol_ingest_decode_cpu_seconds_total',
         'ring_shortened': 'patrol_camera_ring_shortened_total', 'reconnects': 'patrol_camera_reconnects_total'}


def growth(rss):
    """How far the last twelfth of the samples (5 minutes of an hour) lies above the first, as a share, by their medians."""
    part = max(1, len(rss) // 12)
    return median(rss[-part:]) / median(rss[:part]) - 1


def by_minute(rss):
    return [round(median(rss[i:i + SAMPLES_A_MINUTE]) / 1e6, 1) for i in range(0, len(rss), SAMPLES_A_MINUTE)]


class Run:
    """One scenario: the simulator, the service and what is sampled of them."""

    def __init__(self, programs, options, name, settings):
        self.programs, self.options, self.name, self.settings = programs, options, name, settings
        self.truth = programs.path(f'{name}-truth.jsonl')
        self.list = programs.path(f'{name}-cameras.yaml')
        self.result = {'scenario': name, **settings}

    def start_cameras(self):
        settings = self.settings
        command = [os.path.join(self.programs.bin, 'patrolsim'), 'cameras', '--synthetic',
                   '--count', str(settings['cameras']), '--moving-now', str(settings['moving_now']),
                   '--rotate-every', '60s', '--h265-share', str(settings['h265_share']),
                   '--listen', f'127.0.0.1:{self.options.port}', '--address-per-camera', '--per-packet',
                   '--list', self.list, '--truth', self.truth]
        if settings['aligned']:
            command.append('--aligned')
        if settings['busy']:
            command.append('--busy')
        self.cameras, _, self.cameras_log = self.programs.start(command, r'^ready ', RENDER_SECONDS_MAX)

    def stop_cameras(self):
        """Ends the simulator in order; its truth is whole then. Returns its longest block, ms."""
        if self.cameras.poll() is None:
            self.cameras.send_signal(signal.SIGINT)
            self.cameras.wait(timeout=180)
        match = re.search(r'longest block ms (\d+)', read_text(self.cameras_log))
        return int(match.group(1)) if match else None

    def start_service(self):
        town = self.programs.town()
        transport = '' if self.settings['transport'] == 'tcp' else f', transport: {self.settings["transport"]}'
        with open(self.list, encoding='utf-8') as file:
            cameras = file.read().replace('}\n', transport + '}\n')
        config = (f'listen: {{grpc: "127.0.0.1:0", http: "127.0.0.1:0"}}\n'
                  f'data_dir: data-{self.name}\nnetwork: {{file: {town}/network.osm.pbf}}\n'
                  f'ingest: {{{", ".join(f"{name}: {value}" for name, value in self.settings["ingest"].items())}}}\n{cameras}')
        self.service = self.programs.patrold(config)

    def all(self, path, field):
        """All entries of a list of the HTTP gateway, page by page."""
        entries, token = [], ''
        while True:
            query = urllib.parse.urlencode({'pageSize': 1000, 'pageToken': token})
            with urllib.request.urlopen(f'{self.service.http}/v1/{path}?{query}', timeout=30) as answer:
                page = json.load(answer)
            entries += page.get(field, [])
            token = page.get('nextPageToken', '')
            if not token:
                return entries

    def scrape(self):
        return metrics.scrape(self.service.http)

    def streaming(self):
        return self.scrape()['patrol_cameras'][(('phase', 'streaming'),)]

    def wait_streaming(self, seconds):
        """Seconds until 99 % stream; None when they do not in that time."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if self.streaming() >= STREAMING_SHARE * self.settings['cameras']:
                return round(time.monotonic() - begin, 1)
            if self.service.process.poll() is not None:
                raise RuntimeError(f'patrold ended: {read_text(self.service.log)[-2000:]}')
            time.sleep(0.5)
        return None

    def note_busy(self, at, families):
        self.busy.append((at, metrics.labelled(families, 'patrol_camera_busy_zones', 'camera')))

    def measure(self, seconds, beside=None):
        pid, sim = self.service.process.pid, self.cameras.pid
        before, drops = self.scrape(), procfs.udp_losses()
        begin, cpu, sim_cpu = time.time(), procfs.cpu_seconds(pid), procfs.cpu_seconds(sim)
        busy, threads = procfs.machine_busy_seconds(), procfs.cpu_by_thread(pid)
        peers_before = beside.usage() if beside else {}
        rss, sockets, seeing, scrapes = [], [], [], []
        self.busy = []
        self.note_busy(begin, before)
        while time.time() - begin < seconds:
            time.sleep(min(SAMPLE_SECONDS, max(0.1, begin + seconds - time.time())))
            rss.append(procfs.rss_bytes(pid))
            sockets.append(procfs.socket_bytes())
            if len(rss) % 5 == 1:  # asking costs the service something too
                now = self.scrape()
                seeing.append(1 - metrics.total(now, 'patrol_cameras_blind') / self.settings['cameras'])
                scrapes.append(metrics.total(now, 'patrol_metrics_cpu_seconds'))
                self.note_busy(time.time(), now)
        took = time.time() - begin
        used = {name: (seconds_now - threads.get(name, 0)) / took for name, seconds_now in procfs.cpu_by_thread(pid).items()}
        self.result.update({
            'seconds': round(took, 1), 'service_cores': (procfs.cpu_seconds(pid) - cpu) / took,
            'simulator_cores': (procfs.cpu_seconds(sim) - sim_cpu) / took,
            'machine_cores': (procfs.machine_busy_seconds() - busy) / took, 'udp_drops': procfs.udp_losses() - drops,
            'cores_by_thread': {name: round(cores, 4) for name, cores in used.items()}, 'loop_cores': used.get(LOOP_THREAD),
            'rss_max_mb': max(rss) / 1e6, 'rss_growth': growth(rss), 'rss_mb_by_minute': by_minute(rss),
            'sockets_max_mb': max(sockets) / 1e6})
        if beside:
            self.result['peers'] = self.compare(peers_before, beside.usage(), took)
        after = self.scrape()
        grown = {name: metrics.total(after, family) - metrics.total(before, family) for name, family in GROWN.items()}
        self.note_busy(time.time(), after)
        self.result.update(grown)
        self.result.update({
            'streaming': after['patrol_cameras'][(('phase', 'streaming'),)] / self.settings['cameras'],
            'seeing': min(seeing), 'pictures_per_s': grown['pictures'] / took,
            'gbit_per_s': grown['bytes'] * 8 / took / 1e9, 'ring_mb': metrics.total(after, 'patrol_ingest_ring_bytes') / 1e6,
            'budget_used_cores': metrics.total(after, 'patrol_ingest_budget_used_cores'),
            'queue_peak': metrics.total(after, 'patrol_ingest_decode_queue_units_peak'),
            'series': metrics.series(after), 'scrape_cpu_ms': 1e3 * sorted(scrapes)[len(scrapes) // 2]})
        if used.get(LOOP_THREAD):
            self.result['gbit_per_s_per_core'] = self.result['gbit_per_s'] / used[LOOP_THREAD]
        for name, family in (('age', AGE), ('lag', LAG)):
            for share in (50, 99):
                found = metrics.quantile(before, after, family, share / 100)
                self.result[f'{name}_p{share}_ms'] = None if found is None else found * 1e3
        return begin, begin + took

    def compare(self, before, after, took):
        """CPU and memory a camera of each peer, and the service's share of it."""
        cameras, own = self.settings['cameras'], self.result['service_cores'] / self.settings['cameras']
        rows = {'patrold': {'cameras': cameras, 'cpu_ms_per_s': own * 1e3, 'rss_mb': self.result['rss_max_mb'] / cameras}}
        for name, (cpu, rss) in after.items():
            count = self.settings['peers']
            cores = (cpu - before[name][0]) / took / count
            rows[name] = {'cameras': count, 'cpu_ms_per_s': cores * 1e3, 'rss_mb': rss / 1e6 / count, 'times_our_cpu': cores / own}
        return rows

    def events(self):
        """[begin, end, reason] by camera id."""
        found = {}
        for event in self.all('motionEvents', 'motionEvents'):
            camera = event['camera'].rpartition('/')[2]
            found.setdefault(camera, []).append([score.seconds(event['beginTime']), score.seconds(event['lastTime']),
                                                event.get('reason', '')])
        return found

    def power_cut(self):
        """All cameras die at once and come back; how long until they stream, and how fast they were connected to."""
        self.cameras.kill()
        self.cameras.wait(timeout=30)
        time.sleep(5)
        self.start_cameras()
        paces, last = [], self.streaming()
        begin, back = time.monotonic(), None
        while time.monotonic() - begin < START_SECONDS_MAX and back is None:
            time.sleep(1)
            now = self.streaming()
            paces.append(now - last)
            last = now
            if now >= STREAMING_SHARE * self.settings['cameras']:
                back = round(time.monotonic() - begin, 1)
        self.result.update({'back_after_s': back, 'connects_per_s_max': max(paces)})

    def run(self):
        seconds = self.options.seconds or self.settings['seconds']
        warm_up = self.settings['warm_up'] if self.options.warm_up is None else self.options.warm_up
        self.start_cameras()
        self.start_service()
        try:
            self.result['streaming_after_s'] = self.wait_streaming(START_SECONDS_MAX)
            if self.settings['peers']:
                sources = peers.sources_of(self.list, self.settings['peers'])
                with peers.Peers(self.settings['peer_programs'], sources, self.programs.folder, self.programs.bin) as beside:
                    time.sleep(warm_up)
                    begin, end = self.measure(seconds, beside)
            else:
                time.sleep(warm_up)
                begin, end = self.measure(seconds)
            if self.settings['views']:  # the row beside it is of the minutes before
                self.result['live'] = live_latency.measure(self.service.http, self.settings['views'], VIEW_SECONDS)
            if self.settings['power_cut']:
                self.power_cut()
            events = self.events()
            self.result['longest_block_ms'] = self.stop_cameras()
            if not self.settings['power_cut']:  # the restarted simulator began its truth anew
                truth, seen = score.read_truth(self.truth)
                self.result['moving_at_a_time'] = score.share_moving(truth, begin, end, self.settings['cameras'])
                self.result['events'] = score.score(truth, seen, events, begin, end, self.settings['cameras'],
                                                    score.busy_spans(self.busy))
        finally:
            self.stop_cameras()
            if self.service.process.poll() is None:
                self.service.stop()
        return self.result


def row(result):
    """A line of the Markdown table; what was not measured is a dash."""
    def number(name, digits, scale=1.0):
        value = result.get(name)
        return '-' if value is None else f'{value * scale:.{digits}f}'
    events = result.get('events') or {}
    latency = events.get('latency_s')
    part = lambda name, digits, scale=1.0: '-' if events.get(name) is None else f'{events[name] * scale:.{digits}f}'
    percent = lambda text: text if text == '-' else text + ' %'
    cells = [result['scenario'], str(result['cameras']), percent(number('moving_at_a_time', 1, 100)),
             percent(number('streaming', 1, 100)), percent(number('seeing', 1, 100)),
             number('pictures_per_s', 0), number('service_cores', 3), number('loop_cores', 3), number('machine_cores', 2),
             number('rss_max_mb', 0), number('sockets_max_mb', 1), number('age_p99_ms', 1), number('lag_p99_ms', 1),
             number('packets_lost', 0),
             number('udp_drops', 0), number('longest_block_ms', 0),
             percent(part('recall', 1, 100)), percent(part('busy_share', 1, 100)), part('false_per_hour', 1),
             f'{latency["p50"]:.2f} / {latency["p95"]:.2f}' if latency else '-',
             number('back_after_s' if result['power_cut'] else 'streaming_after_s', 1)]
    return '| ' + ' | '.join(cells) + ' |'


def notes(result):
    """What has no column: lines to be read beside the table."""
    lines = []
    if 'gbit_per_s_per_core' in result:
        lines.append(f'{result["scenario"]}: {result["gbit_per_s"]:.3f} Gbit/s received, {result["gbit_per_s_per_core"]:.2f} a core '
                     f'of the receiving thread; a scrape of {result["series"]} series took {result["scrape_cpu_ms"]:.1f} ms of CPU')
    for name, used in result.get('peers', {}).items() if isinstance(result.get('peers'), dict) else ():
        times = f', {used["times_our_cpu"]:.1f} times patrold' if 'times_our_cpu' in used else ''
        lines.append(f'{result["scenario"]}: {name}: {used["cpu_ms_per_s"]:.2f} ms/s and {used["rss_mb"]:.1f} MB a camera '
                     f'({used["cameras"]} cameras){times}')
    for name, times in (result.get('live') or {}).items():
        if isinstance(times, dict) and name.endswith('_s'):
            lines.append(f'{result["scenario"]}: {name[:-2].replace("_", " ")}: median {times["median"] * 1e3:.1f} ms, '
                         f'p95 {times["p95"] * 1e3:.1f}, worst {times["max"] * 1e3:.1f} ({times["n"]})')
    return lines


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bin')
    parser.add_argument('shared')
    parser.add_argument('scenario', nargs='*')
    parser.add_argument('--seconds', type=float, help='measured; default: as the scenario has it')
    parser.add_argument('--cameras', type=int, help='instead of as many as the scenario has: to try it out')
    parser.add_argument('--warm-up', type=float, help='seconds between streaming and measuring; default: as the scenario has it')
    parser.add_argument('--port', type=int, default=8554)
    parser.add_argument('--out', help='JSON of all that was measured')
    options = parser.parse_intermixed_args()
    try:
        options.scenario = scenarios.chosen(options.scenario)
    except ValueError as error:
        parser.error(str(error))
    return options


def main():
    options = parse()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that all is ended on it too
    results, failed = [], False
    print('| ' + ' | '.join(COLUMNS) + ' |\n|' + ' --- |' * len(COLUMNS), flush=True)
    with tempfile.TemporaryDirectory(prefix='patrol-ingest-') as folder:
        for name, settings in options.scenario:
            if options.cameras:
                settings['cameras'] = options.cameras
            with Programs(options.bin, folder) as programs:
                run = Run(programs, options, name, settings)
                try:
                    run.run()
                except KeyboardInterrupt:
                    print('interrupted', file=sys.stderr)
                    return 1
                except Exception as error:  # one scenario's failure leaves the others to be measured
                    run.result['failed'] = f'{type(error).__name__}: {error}'
                    print(f'{name}: {run.result["failed"]}', file=sys.stderr)
                    failed = True
            results.append(run.result)
            print(row(run.result), flush=True)
            for line in notes(run.result):
                print(line, file=sys.stderr)
            if options.out:
                with open(options.out, 'w', encoding='utf-8') as file:
                    json.dump(results, file, indent=1)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
