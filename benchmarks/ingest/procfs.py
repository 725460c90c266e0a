"""What Linux says of processes and of the machine: CPU, memory, sockets."""
import os

TICKS = os.sysconf('SC_CLK_TCK')
PAGE = os.sysconf('SC_PAGE_SIZE')


def read(path):
    with open(path, encoding='ascii', errors='replace') as file:
        return file.read()


def cpu_seconds(pid):
    """User and system time of a process with all its threads, those that ended included."""
    fields = read(f'/proc/{pid}/stat').rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_by_thread(pid):
    """Seconds of the living threads, summed by thread name."""
    names = {}
    for task in os.listdir(f'/proc/{pid}/task'):
        try:
            head, _, tail = read(f'/proc/{pid}/task/{task}/stat').rpartition(')')
        except FileNotFoundError:  # it ended meanwhile
            continue
        fields = tail.split()
        name = head.partition('(')[2]
        names[name] = names.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICKS
    return names


def rss_bytes(pid):
    return int(read(f'/proc/{pid}/statm').split()[1]) * PAGE


def machine_busy_seconds():
    """CPU time of the whole machine that was not idle."""
    fields = [int(field) for field in read('/proc/stat').splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def socket_bytes():
    """Kernel memory of all TCP and UDP sockets."""
    pages = 0
    for line in read('/proc/net/sockstat').splitlines():
        words = line.split()
        if words[0] in ('TCP:', 'UDP:') and 'mem' in words:
            pages += int(words[words.index('mem') + 1])
    return pages * PAGE


def udp_losses():
    """Datagrams the kernel dropped since it started because a receive buffer was full."""
    lines = [line.split() for line in read('/proc/net/snmp').splitlines() if line.startswith('Udp:')]
    counts = dict(zip(lines[0][1:], lines[1][1:]))
    return int(counts['RcvbufErrors'])
