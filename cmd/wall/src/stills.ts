// Fetches the cameras' stills: those on show, moving ones often, the others slowly, a few at a time.
import { getPicture } from './api';

const MOVING_MS = 2000;
const QUIET_MS = 10_000;
const ENLARGED_MS = 1000;
const AT_ONCE_MAX = 4;
const TICK_MS = 250;
// Pictures kept for cameras that left the grid.
const KEPT_MAX = 64;

export interface Still {
  url: string;
  // Instant of capture, ms of the service's clock; undefined when the service did not say.
  time: number | undefined;
}

interface Entry {
  still: Still | undefined;
  askedAt: number;
  busy: boolean;
}

export type Urgency = 'enlarged' | 'moving' | 'quiet';

const intervals: Record<Urgency, number> = {
  enlarged: ENLARGED_MS,
  moving: MOVING_MS,
  quiet: QUIET_MS,
};

export class Stills {
  private readonly entries = new Map<string, Entry>();
  private wanted = new Map<string, Urgency>();
  private busy = 0;
  private paused = false;

  // changed: a camera has a new picture.
  constructor(private readonly changed: (camera: string) => void) {
    window.setInterval(() => this.tick(), TICK_MS);
  }

  // The cameras on show that have a picture, and how often each is due.
  want(cameras: Map<string, Urgency>): void {
    this.wanted = cameras;
    for (const [name, entry] of this.entries) {
      if (this.entries.size <= KEPT_MAX) break;
      if (this.wanted.has(name) || entry.busy) continue;
      if (entry.still !== undefined) URL.revokeObjectURL(entry.still.url);
      this.entries.delete(name);
    }
  }

  // Asks for nothing while the service is gone.
  pause(paused: boolean): void {
    this.paused = paused;
  }

  get(camera: string): Still | undefined {
    return this.entries.get(camera)?.still;
  }

  private tick(): void {
    if (this.paused || document.hidden) return;
    const now = Date.now();
    const due: { camera: string; late: number }[] = [];
    for (const [camera, urgency] of this.wanted) {
      const entry = this.entries.get(camera);
      if (entry?.busy) continue;
      // A camera never asked for comes first.
      const late = entry === undefined ? Infinity : now - entry.askedAt - intervals[urgency];
      if (late >= 0) due.push({ camera, late });
    }
    due.sort((a, b) => b.late - a.late);
    for (const { camera } of due.slice(0, AT_ONCE_MAX - this.busy)) {
      void this.fetch(camera, this.wanted.get(camera) === 'enlarged');
    }
  }

  // lookedAt: where there is no live view to be played, the operator sees it by its stills.
  private async fetch(camera: string, lookedAt: boolean): Promise<void> {
    const entry = this.entries.get(camera) ?? { still: undefined, askedAt: 0, busy: false };
    this.entries.set(camera, entry);
    entry.busy = true;
    entry.askedAt = Date.now();
    this.busy += 1;
    try {
      const { blob, time } = await getPicture(`/v1/${camera}/snapshot${lookedAt ? '?lookedAt=true' : ''}`);
      const before = entry.still;
      if (before === undefined || before.time === undefined || before.time !== time) {
        entry.still = { url: URL.createObjectURL(blob), time };
        this.changed(camera);
        // After the elements on show have taken the new one.
        if (before !== undefined) window.setTimeout(() => URL.revokeObjectURL(before.url), 5000);
      }
    } catch {
      // The old picture stays, and its age tells.
    } finally {
      entry.busy = false;
      this.busy -= 1;
    }
  }
}
