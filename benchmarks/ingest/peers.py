"""Others on cameras of the load, so that their cost is measured on the same streams in the same run."""
import os
import re
import shutil
import subprocess

import procfs

# Nothing is stored or served: what is left is receiving, decoding and looking for movement in every picture.
MOTION = '''daemon off
setup_mode off
log_level 4
webcontrol_port 0
stream_port 0
picture_output off
movie_output off
width 640
height 360
framerate 15
netcam_params rtsp_transport=tcp
target_dir {folder}
'''


class Peers:
    """Those of `programs` that are there, on `sources`, URLs; use as a context. programs: motion (Debian's), ffmpeg (one
    `ffmpeg -f null -` a camera), demuxer (FFmpeg's, all cameras in one process of `bin_dir`)."""

    def __init__(self, programs, sources, folder, bin_dir):
        self.sources, self.folder, self.bin_dir = sources, os.path.join(folder, 'peers'), bin_dir
        self.processes = {name: [] for name in programs}

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        demuxer = os.path.join(self.bin_dir, 'ffmpeg_demux')
        if 'demuxer' in self.processes and os.path.exists(demuxer):
            self.start('demuxer', [demuxer, *self.sources])
        if 'motion' in self.processes and shutil.which('motion'):
            self.start('motion', ['motion', '-n', '-c', self.motion_config()])
        if 'ffmpeg' in self.processes and shutil.which('ffmpeg'):
            for url in self.sources:
                self.start('ffmpeg', ['ffmpeg', '-nostdin', '-loglevel', 'error', '-rtsp_transport', 'tcp', '-i', url,
                                      '-f', 'null', '-'])
        return self

    def __exit__(self, *_):
        for processes in self.processes.values():
            for process in processes:
                process.terminate()
            for process in processes:
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()

    def start(self, name, command):
        log = open(os.path.join(self.folder, f'{name}-{len(self.processes[name])}.log'), 'w', encoding='utf-8')
        with log:
            self.processes[name].append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))

    def motion_config(self):
        lines = MOTION.format(folder=self.folder)
        for number, url in enumerate(self.sources, 1):
            path = os.path.join(self.folder, f'camera{number}.conf')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(f'camera_id {number}\ncamera_name c{number}\nnetcam_url {url}\n')
            lines += f'camera {path}\n'
        path = os.path.join(self.folder, 'motion.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(lines)
        return path

    def usage(self):
        """{name: (CPU seconds so far, RSS bytes now)} of those that run; RuntimeError when one has ended."""
        used = {}
        for name, processes in self.processes.items():
            if not processes:
                continue
            for number, process in enumerate(processes):
                if process.poll() is not None:
                    with open(os.path.join(self.folder, f'{name}-{number}.log'), encoding='utf-8', errors='replace') as log:
                        raise RuntimeError(f'{name} ended with {process.returncode}: {log.read()[-500:]}')
            used[name] = (sum(procfs.cpu_seconds(process.pid) for process in processes),
                          sum(procfs.rss_bytes(process.pid) for process in processes))
        return used


def sources_of(camera_list, count):
    """The first addresses of the list that patrolsim wrote."""
    with open(camera_list, encoding='utf-8') as file:
        return re.findall(r'source: "([^"]+)"', file.read())[:count]

