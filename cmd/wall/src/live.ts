// A camera's live view: the service's fragmented MP4 over a WebSocket, played by Media Source
// Extensions. Where it cannot be played (H.265 in most browsers, MJPEG), whoever shows it goes on
// with stills.

// The picture shown is at most this far behind the newest; a jump is better than an old picture.
const BEHIND_MAX_S = 1.2;
// After a jump: enough not to run dry between two pictures.
const BEHIND_S = 0.15;
// Media behind the picture is of no use to a live view.
const KEPT_S = 20;

export interface Span {
  start: number;
  end: number;
}

// Where to go on playing: undefined when the place is good as it is.
export function jump(spans: readonly Span[], at: number): number | undefined {
  const newest = spans[spans.length - 1];
  if (newest === undefined) return undefined;
  if (at >= newest.start && newest.end - at <= BEHIND_MAX_S) return undefined;
  return Math.max(newest.start, newest.end - BEHIND_S);
}

// What of the media can be removed: from its beginning up to here; undefined while it is not worth
// the work.
export function stale(spans: readonly Span[], at: number): number | undefined {
  const oldest = spans[0];
  if (oldest === undefined || at - oldest.start < 2 * KEPT_S) return undefined;
  return at - KEPT_S;
}

export interface Stream {
  mime: string;
  // Capture time of media time zero, ms of the service's clock.
  start: number;
}

// The text frame before an init segment; undefined when it is none that we know.
export function readStream(text: string): Stream | undefined {
  try {
    const told = JSON.parse(text) as { type?: unknown; codec?: unknown; startTime?: unknown };
    if (told.type !== 'init' || typeof told.codec !== 'string') return undefined;
    const start = Date.parse(String(told.startTime));
    return Number.isNaN(start) ? undefined : { mime: `video/mp4; codecs="${told.codec}"`, start };
  } catch {
    return undefined;
  }
}

function spansOf(ranges: TimeRanges): Span[] {
  return Array.from({ length: ranges.length }, (_, i) => ({ start: ranges.start(i), end: ranges.end(i) }));
}

export class LiveView {
  // Something is to be seen.
  playing = false;
  private readonly socket: WebSocket;
  private readonly source = new MediaSource();
  private readonly url: string;
  private buffer: SourceBuffer | undefined;
  private stream: Stream | undefined;
  private readonly waiting: (ArrayBuffer | Stream)[] = [];
  private closed = false;

  // ended: it cannot be shown, or no longer.
  constructor(
    url: string,
    private readonly video: HTMLVideoElement,
    private readonly ended: () => void,
  ) {
    this.url = URL.createObjectURL(this.source);
    video.src = this.url;
    this.source.addEventListener('sourceopen', () => this.next());
    this.socket = new WebSocket(url);
    this.socket.binaryType = 'arraybuffer';
    this.socket.addEventListener('message', (event: MessageEvent<ArrayBuffer | string>) => this.take(event.data));
    this.socket.addEventListener('close', () => this.close());
  }

  // Capture time of the picture on show, ms of the service's clock.
  get time(): number | undefined {
    if (!this.playing || this.stream === undefined) return undefined;
    return this.stream.start + this.video.currentTime * 1000;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.playing = false;
    this.socket.close();
    this.video.removeAttribute('src');
    this.video.load();
    URL.revokeObjectURL(this.url);
    this.ended();
  }

  private take(data: ArrayBuffer | string): void {
    if (typeof data !== 'string') {
      this.waiting.push(data);
    } else {
      const stream = readStream(data);
      if (stream === undefined || !MediaSource.isTypeSupported(stream.mime)) return this.close();
      this.waiting.push(stream);
    }
    this.next();
  }

  // Gives the player what waits, one after the other.
  private next(): void {
    if (this.closed || this.source.readyState !== 'open' || this.buffer?.updating) return;
    try {
      const item = this.waiting.shift();
      if (item instanceof ArrayBuffer) {
        this.buffer?.appendBuffer(item);
      } else if (item !== undefined) {
        this.begin(item);
        this.next();
      }
    } catch {
      this.close();
    }
  }

  private begin(stream: Stream): void {
    if (this.buffer === undefined) {
      this.buffer = this.source.addSourceBuffer(stream.mime);
      this.buffer.addEventListener('updateend', () => this.follow());
      this.buffer.addEventListener('error', () => this.close());
    } else {
      this.buffer.changeType(stream.mime);
    }
    this.stream = stream;
  }

  // Keeps the picture near the newest and the memory small.
  private follow(): void {
    if (this.closed || this.buffer === undefined) return;
    const spans = spansOf(this.buffer.buffered);
    const to = jump(spans, this.video.currentTime);
    if (to !== undefined) this.video.currentTime = to;
    if (spans.length > 0 && !this.playing) {
      this.playing = true;
      // Muted video may play without a click; where even that is refused, each jump shows a picture.
      this.video.play().catch(() => undefined);
    }
    const until = stale(spans, this.video.currentTime);
    if (until !== undefined && this.waiting.length === 0) this.buffer.remove(0, until);
    else this.next();
  }
}
