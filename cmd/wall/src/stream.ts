// The live connection: opens it, opens it again, and says how it is.
import { instant } from './format';
import type { StreamMessage } from './types';

export type Connection = 'connecting' | 'live' | 'lost';

const RETRY_MS = [1000, 2000, 3000, 5000];

export interface StreamHandlers {
  message: (message: StreamMessage) => void;
  // attempt counts from 1 while it is not live.
  connection: (state: Connection, lostSince: number | undefined, attempt: number) => void;
}

export class Stream {
  private socket: WebSocket | undefined;
  private watchdog: number | undefined;
  private attempt = 0;
  private silenceMs = 15_000;
  // Service's clock less ours; every age on the wall is told by the service's clock.
  private offsetMs = 0;
  private lostSince: number | undefined;

  constructor(
    private readonly url: string,
    private readonly handlers: StreamHandlers,
  ) {}

  open(): void {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.listen();
    socket.onmessage = (frame: MessageEvent<string>) => {
      const message = JSON.parse(frame.data) as StreamMessage;
      const time = instant(message.time);
      if (time !== undefined) this.offsetMs = time - Date.now();
      // Three heartbeats missing: the line is dead, whatever the socket says.
      if (message.type === 'hello') this.silenceMs = message.heartbeatS * 3000;
      this.listen();
      if (this.attempt !== 0 || this.lostSince !== undefined || message.type === 'hello') {
        this.attempt = 0;
        this.lostSince = undefined;
        this.handlers.connection('live', undefined, 0);
      }
      this.handlers.message(message);
    };
    socket.onclose = () => this.again(socket);
  }

  // The service's clock now, ms.
  now(): number {
    return Date.now() + this.offsetMs;
  }

  private listen(): void {
    clearTimeout(this.watchdog);
    const socket = this.socket;
    this.watchdog = window.setTimeout(() => {
      if (socket === undefined) return;
      socket.close();
      // A dead line may take minutes to close; nobody waits for it.
      this.again(socket);
    }, this.silenceMs);
  }

  private again(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.socket = undefined;
    clearTimeout(this.watchdog);
    this.lostSince ??= this.now();
    this.attempt += 1;
    this.handlers.connection('lost', this.lostSince, this.attempt);
    const wait = RETRY_MS[Math.min(this.attempt, RETRY_MS.length) - 1] ?? 5000;
    window.setTimeout(() => this.open(), wait);
  }
}
