// A window of the past, ordered of the service: asked how far it is until it is there, then where
// the gaps were.
import { deleteWindow, getBlindSpots, getWindow, orderWindow } from './api';
import type { CoverageWindow } from './types';

const POLL_MS = 1000;

export class PastWindow {
  // What has come of it so far; undefined: nothing asked, or no answer yet.
  window: CoverageWindow | undefined;
  blindSpots: GeoJSON.FeatureCollection | undefined;
  failure = '';
  // The span asked for, ms; undefined: none.
  span: number | undefined;
  private asked = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  // changed: something above is other than before.
  constructor(private readonly changed: () => void) {}

  get busy(): boolean {
    return this.span !== undefined && this.failure === '' && this.blindSpots === undefined;
  }

  // The last `span` ms before `now`; in place of what was asked before.
  async ask(span: number, now: number): Promise<void> {
    const asked = this.clear();
    this.span = span;
    this.changed();
    try {
      const ordered = await orderWindow(now - span, now);
      if (asked !== this.asked) {
        // Nobody waits for it any more.
        void deleteWindow(ordered.name).catch(() => undefined);
        return;
      }
      this.window = ordered;
      await this.follow(asked);
    } catch (error: unknown) {
      this.fail(asked, error);
    }
  }

  // Nothing is asked any more; what is being computed is stopped.
  forget(): void {
    this.clear();
    this.changed();
  }

  private clear(): number {
    globalThis.clearTimeout(this.timer);
    if (this.busy && this.window !== undefined) void deleteWindow(this.window.name).catch(() => undefined);
    this.window = undefined;
    this.blindSpots = undefined;
    this.failure = '';
    this.span = undefined;
    return ++this.asked;
  }

  private async follow(asked: number): Promise<void> {
    const window = this.window;
    if (window === undefined) return;
    switch (window.state) {
      case 'STATE_SUCCEEDED': {
        const spots = await getBlindSpots(window.name);
        if (asked !== this.asked) return;
        this.blindSpots = spots;
        break;
      }
      case 'STATE_FAILED':
        this.failure = window.error;
        break;
      default:
        this.timer = globalThis.setTimeout(() => void this.look(asked), POLL_MS);
    }
    this.changed();
  }

  private async look(asked: number): Promise<void> {
    try {
      const window = await getWindow(this.window?.name ?? '');
      if (asked !== this.asked) return;
      this.window = window;
      await this.follow(asked);
    } catch (error: unknown) {
      this.fail(asked, error);
    }
  }

  private fail(asked: number, error: unknown): void {
    if (asked !== this.asked) return;
    this.failure = error instanceof Error ? error.message : String(error);
    this.changed();
  }
}
