"""False events per camera-hour, on quiet made from real backgrounds.

usage: quiet.py BIN_DIR SHARED_DIR [--hours H] [--only KIND] [--fps N]

The labelled quiet stretches of the clips are played to and fro, so that nothing jumps, reduced to 256x144 at
4 pictures a second (or --fps), and one disturbance is laid over each camera: sensor noise, rain, insects near the lens,
infrared (grey, more noise, insects), slow sun, night (a tenth of the light, raised by the camera's gain to two
fifths, noise and steps of grey with it). --fps 25: at full rate. Our encoder (x264, one keyframe per 2 s, 50 kbit/s for each picture a second) codes
them and `patrolctl motion run` analyses them with default settings. Every event is a false one.
Seeded: the same pictures each time. Bounds are Garwood's exact 95 % bounds of a Poisson count."""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

WIDTH, HEIGHT = 256, 144
# clip, quiet stretch in seconds (events.json; wavingtrees: nobody until 16.1 s)
BACKGROUNDS = (('car-detection.mp4', 20.0, 24.8), ('one-by-one-person-detection.mp4', 1.0, 5.5),
               ('bottle-detection.mp4', 1.0, 4.5), ('wavingtrees.h264.mp4', 0.0, 15.5),
               ('one-by-one-person-detection.mp4', 88.5, 91.5))
KINDS = ('noise', 'rain', 'insects', 'infrared', 'sun', 'night')


def stretch(numpy, path, begin, end, fps):
    command = ['ffmpeg', '-v', 'error', '-ss', str(begin), '-to', str(end), '-i', path, '-vf',
               f'fps={fps},scale={WIDTH}:{HEIGHT}', '-f', 'rawvideo', '-pix_fmt', 'gray', '-']
    raw = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return numpy.frombuffer(raw, numpy.uint8).reshape(-1, HEIGHT, WIDTH)


def pictures(numpy, background, kind, count, seed, fps):
    """Grey pictures, one after another."""
    random = numpy.random.default_rng(seed)
    sigma = {'noise': 5, 'infrared': 6}.get(kind, 2)
    grains = numpy.clip(random.normal(0, sigma, (24, HEIGHT, WIDTH)), -60, 60).astype(numpy.int16)
    n = len(background)
    insects = []
    for k in range(count):
        at = k % max(1, 2 * n - 2)
        scene = background[at if at < n else 2 * n - 2 - at]
        picture = scene.astype(numpy.int16) + grains[random.integers(24)]
        if kind == 'night':
            # The sensor's own noise and its few steps of grey are raised with the picture.
            grain = random.normal(0, 1.5, (HEIGHT, WIDTH))
            picture = 16 + 4 * ((scene - 16.0) / 10 + grain).astype(numpy.int16)
        if kind == 'sun':
            picture = (picture * (1 + 0.25 * math.sin(2 * math.pi * k / fps / 180))).astype(numpy.int16)
        if kind == 'rain':
            for _ in range(40):
                x, y, length = random.integers(WIDTH - 8), random.integers(HEIGHT - 24), random.integers(8, 20)
                for i in range(length):
                    picture[y + i, x + i // 5] += 45
        if kind in ('insects', 'infrared'):
            # One comes every 20 s or so, crosses erratically within a second or two, blurred and bright.
            if random.random() < 1 / (20 * fps):
                insects.append([random.uniform(0, WIDTH), random.uniform(0, HEIGHT), random.uniform(2, 6),
                                random.integers(2, 8)])
            for insect in insects:
                insect[0] += random.normal(0, 40)
                insect[1] += random.normal(0, 30)
                insect[3] -= 1
                x, y, r = int(insect[0]), int(insect[1]), int(insect[2])
                picture[max(0, y - r):max(0, y + r), max(0, x - r):max(0, x + r)] += 90
            insects = [i for i in insects if i[3] > 0]
        yield numpy.clip(picture, 16, 235).astype(numpy.uint8)


def make(numpy, background, kind, count, seed, fps, target):
    encoder = subprocess.Popen(
        ['nice', 'ffmpeg', '-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'gray', '-s', f'{WIDTH}x{HEIGHT}', '-r',
         str(fps), '-i', '-', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', str(2 * fps),
         '-b:v', f'{50 * fps}k', '-maxrate', f'{62 * fps}k', '-bufsize', f'{100 * fps}k', target], stdin=subprocess.PIPE)
    for picture in pictures(numpy, background, kind, count, seed, fps):
        encoder.stdin.write(picture.tobytes())
    encoder.stdin.close()
    if encoder.wait() != 0:
        sys.exit('ffmpeg could not code the quiet')


def poisson_below(count, mean):
    """Probability of at most `count` at this mean."""
    term, total = math.exp(-mean), 0.0
    for k in range(count + 1):
        total += term
        term *= mean / (k + 1)
    return total


def bounds(count):
    def solve(good):
        low, high = 0.0, 10.0 + 3 * count
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if good(middle) else (low, middle)
        return low
    lower = 0.0 if count == 0 else solve(lambda mean: 1 - poisson_below(count - 1, mean) < 0.025)
    return lower, solve(lambda mean: poisson_below(count, mean) > 0.025)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('bin', type=pathlib.Path)
    parser.add_argument('shared', type=pathlib.Path)
    parser.add_argument('--hours', type=float, default=10.08)
    parser.add_argument('--only')
    parser.add_argument('--fps', type=int, default=4)
    options = parser.parse_args()
    if not (options.shared / 'data/video').is_dir():
        print(f'skipped: {options.shared}/data/video is not here')
        return 0
    try:
        import numpy
    except ImportError:
        print('skipped: needs python3-numpy')
        return 0
    kinds = [options.only] if options.only else KINDS
    each_s = options.hours * 3600 / (len(BACKGROUNDS) * len(kinds))
    total = total_hours = 0
    print('| disturbance | camera-hours | false events | per hour | 95 % bounds | in |')
    print('| --- | --- | --- | --- | --- | --- |')
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for number, kind in enumerate(kinds):
            count, hours, where = 0, 0.0, []
            for index, (name, begin, end) in enumerate(BACKGROUNDS):
                background = stretch(numpy, options.shared / 'data/video' / name, begin, end, options.fps)
                clip = folder / 'quiet.mp4'
                make(numpy, background, kind, int(each_s * options.fps), 100 * number + index, options.fps, clip)
                subprocess.run([options.bin / 'patrolctl', 'motion', 'run', '--input', clip, '--out', folder / 'out'],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
                events = json.loads((folder / 'out/events.json').read_text())['motion']
                count += len(events)
                hours += each_s / 3600
                if events:
                    where.append(f'{name.split(".")[0]} {len(events)}')
            low, high = bounds(count)
            total += count
            total_hours += hours
            print(f'| {kind} | {hours:.2f} | {count} | {count / hours:.2f} | {low / hours:.2f}..{high / hours:.2f} | '
                  f'{", ".join(where)} |', flush=True)
    low, high = bounds(total)
    print(f'\nall: {total} in {total_hours:.2f} camera-hours = {total / total_hours:.2f} an hour, 95 % bounds '
          f'{low / total_hours:.2f}..{high / total_hours:.2f}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
