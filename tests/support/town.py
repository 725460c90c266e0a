"""Starts the real programs for integration tests, on free ports, and ends them by their process ids.

use: with Programs(bin, folder) as programs:
         rtsp = programs.cameras(2)
         service = programs.patrold(config_text)          # .grpc, .http, .process"""
import os
import re
import signal
import subprocess
import time

READY_SECONDS = 180


def read_text(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read()


class Service:
    def __init__(self, process, grpc, http, log):
        self.process, self.grpc, self.http, self.log = process, grpc, http, log

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=30)


class Programs:
    def __init__(self, bin_folder, folder):
        self.bin, self.folder, self.running = bin_folder, folder, []
        self.names = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            if process.poll() is None:
                process.terminate()
        for process in self.running:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, program, *arguments, check=True, **options):
        """Runs a program to its end; stdout and stderr as text."""
        done = subprocess.run([os.path.join(self.bin, program), *arguments], capture_output=True, text=True,
                              timeout=300, **options)
        if check and done.returncode != 0:
            raise AssertionError(f'{program} {arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}')
        return done

    def start(self, command, ready, seconds=READY_SECONDS):
        """Starts a command; waits for a line of its output that matches `ready`; returns (process, match, log)."""
        self.names += 1
        log = self.path(f'{os.path.basename(command[0])}-{self.names}.log')
        with open(log, 'w') as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        self.running.append(process)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = read_text(log)
            match = re.search(ready, text, re.MULTILINE)
            if match:
                return process, match, log
            if process.poll() is not None:
                raise AssertionError(f'{command} ended with {process.returncode}:\n{text}')
            time.sleep(0.05)
        raise AssertionError(f'{command} was not ready in {seconds} s:\n{read_text(log)}')

    def town(self, seed=1):
        """A sample town's folder."""
        out = self.path('town')
        if not os.path.exists(out):
            self.run('patrolsim', 'town', '--seed', str(seed), '--out', out)
        return out

    def cameras(self, count, cache, *arguments):
        """Simulated cameras; returns host:port."""
        command = [os.path.join(self.bin, 'patrolsim'), 'cameras', '--count', str(count), '--synthetic',
                   '--listen', '127.0.0.1:0', '--cache', cache, *arguments]
        _, match, _ = self.start(command, r'^ready (\S+)')
        return match.group(1)

    def patrold(self, config_text):
        """The service with this configuration (ports 0); its data stay in the folder."""
        config = self.path('patrold.yaml')
        with open(config, 'w') as file:
            file.write(config_text)
        command = [os.path.join(self.bin, 'patrold'), 'serve', '--config', config]
        process, match, log = self.start(
            command, r'^patrold .*grpc (127\.0\.0\.1:\d+), wall (http://127\.0\.0\.1:\d+)/')
        return Service(process, match.group(1), match.group(2), log)


def wait_until(condition, seconds, what):
    """The first true value of condition(); fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f'not within {seconds} s: {what}')
