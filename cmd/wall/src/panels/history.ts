// The last half hour of the town's coverage, as far as this page has seen it.
import { h } from '../dom';

const WIDTH = 300;
const HEIGHT = 64;
const SPAN_MS = 30 * 60_000;
const STEP_MS = 10_000;

interface Sample {
  time: number;
  covered: number;
  upper: number;
}

export class History {
  readonly element: HTMLElement;
  private readonly band: SVGPathElement;
  private readonly line: SVGPathElement;
  private samples: Sample[] = [];

  constructor() {
    const ns = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(ns, 'svg');
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    this.band = document.createElementNS(ns, 'path');
    this.band.setAttribute('class', 'history-band');
    this.line = document.createElementNS(ns, 'path');
    this.line.setAttribute('class', 'history-line');
    svg.append(this.band, this.line);
    this.element = h('div', { class: 'history', 'aria-hidden': 'true' });
    this.element.append(svg);
  }

  add(time: number, covered: number, upper: number): void {
    const last = this.samples.at(-1);
    // The newest sample moves until its ten seconds are over.
    if (last !== undefined && this.samples.length > 1 && time - (this.samples.at(-2)?.time ?? 0) < STEP_MS) {
      this.samples.pop();
    }
    this.samples.push({ time, covered, upper });
    this.samples = this.samples.filter((sample) => sample.time >= time - SPAN_MS);
    this.draw(time);
  }

  private draw(now: number): void {
    if (this.samples.length < 2) return;
    // The scale shows movement: a coverage that stays within ten points is not a flat line.
    const low = Math.min(...this.samples.map((sample) => sample.covered)) - 0.02;
    const high = Math.max(low + 0.1, ...this.samples.map((sample) => sample.upper + 0.02));
    // Fills from the right until there is half an hour of it.
    const begin = Math.min(this.samples[0]?.time ?? now, now - SPAN_MS / 15);
    const x = (sample: Sample): string => (((sample.time - begin) / (now - begin)) * WIDTH).toFixed(1);
    const y = (value: number): string => (HEIGHT - ((value - low) / (high - low)) * HEIGHT).toFixed(1);
    const covered = this.samples.map((sample) => `${x(sample)},${y(sample.covered)}`);
    const upper = this.samples.map((sample) => `${x(sample)},${y(sample.upper)}`).reverse();
    this.line.setAttribute('d', `M${covered.join('L')}`);
    this.band.setAttribute('d', `M${covered.join('L')}L${upper.join('L')}Z`);
  }
}
