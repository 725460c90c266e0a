// The card of a past window: how well the town was covered, hour by hour, where least, and where the
// gaps were, which the map draws.
import { h, setAttribute, setText } from '../dom';
import { calendarDay, clockMinute, coveredText, instant, kilometres, percent, seconds, shortName } from '../format';
import type { PastWindow } from '../past';
import { age, t } from '../strings';
import type { AreaWindow, CoverageWindow, SpanCoverage } from '../types';
import { drawFacts, type Fact } from './facts';

const HOUR_MS = 3_600_000;
const SPANS_MS = [HOUR_MS, 8 * HOUR_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS];
const AREAS = 5;

export interface PastHandlers {
  now: () => number;
  closed: () => void;
  area: (name: string) => void;
}

export class PastCard {
  readonly element: HTMLElement;
  private readonly chips: HTMLButtonElement[];
  private readonly progress = h('progress', { max: 1, id: 'past-progress' });
  private readonly status = h('p', { class: 'past-status', id: 'past-status', role: 'status' });
  private readonly facts = h('dl', { id: 'past-facts' });
  private readonly hours = h('div', { class: 'past-hours', id: 'past-hours' });
  private readonly areas = h('div', { class: 'past-areas', id: 'past-areas' });
  private drawn: CoverageWindow | undefined;

  constructor(
    private readonly past: PastWindow,
    private readonly handlers: PastHandlers,
  ) {
    this.chips = SPANS_MS.map((span) =>
      h('button', { class: 'chip', 'data-span-h': span / HOUR_MS, onclick: () => void past.ask(span, handlers.now()) }, t().lastSpan(span / HOUR_MS)),
    );
    this.element = h(
      'aside',
      { class: 'details-card past-card hidden', id: 'past', 'aria-label': t().past },
      h('button', { class: 'close', 'aria-label': t().close, title: t().close, onclick: () => this.close() }, '×'),
      h('h3', {}, t().past),
      h('div', { class: 'past-spans' }, ...this.chips),
      this.progress,
      this.status,
      this.facts,
      this.hours,
      this.areas,
      h('p', { class: 'past-legend' }, h('i', { class: 'sign-line blind-spot' }), t().pastBlindSpot),
    );
    this.draw();
  }

  get open(): boolean {
    return !this.element.classList.contains('hidden');
  }

  // Opens the card, or closes it; the first look is at a day.
  toggle(): void {
    if (this.open) {
      this.close();
      return;
    }
    this.element.classList.remove('hidden');
    if (this.past.span === undefined) void this.past.ask(24 * HOUR_MS, this.handlers.now());
  }

  close(): void {
    if (!this.open) return;
    this.element.classList.add('hidden');
    this.past.forget();
    this.handlers.closed();
  }

  draw(): void {
    const { past } = this;
    this.chips.forEach((chip, i) => setAttribute(chip, 'aria-pressed', String(SPANS_MS[i] === past.span)));
    this.progress.classList.toggle('hidden', !past.busy);
    if (past.window?.state === 'STATE_RUNNING') this.progress.value = past.window.progress;
    else this.progress.removeAttribute('value');
    setText(this.status, statusText(past));
    setAttribute(this.status, 'data-tone', past.failure === '' ? undefined : 'bad');
    const done = past.window?.state === 'STATE_SUCCEEDED' ? past.window : undefined;
    drawFacts(this.facts, done === undefined ? [] : townFacts(done));
    if (done === this.drawn) return;
    this.drawn = done;
    this.hours.replaceChildren(...hourBars(done?.town?.hours ?? []));
    const lowest = lowestAreas(done?.areas ?? []);
    this.areas.replaceChildren(
      ...(lowest.length === 0 ? [] : [h('h4', {}, t().lowest)]),
      ...lowest.map((area) => this.areaRow(area)),
    );
  }

  private areaRow(area: AreaWindow): HTMLElement {
    const open = (): void => this.handlers.area(area.area);
    return h(
      'button',
      { class: 'past-area', 'data-area': area.area, onclick: open },
      h('span', {}, area.displayName || shortName(area.area)),
      h('b', {}, area.window === undefined ? '–' : coveredText(area.window)),
    );
  }
}

function statusText(past: PastWindow): string {
  if (past.failure !== '') return t().failed(past.failure);
  const { window } = past;
  const from = instant(window?.fromTime);
  const to = instant(window?.toTime);
  if (window === undefined || from === undefined || to === undefined) return past.busy ? t().asking : '';
  if (window.state === 'STATE_WAITING') return t().inTheQueue;
  if (window.state === 'STATE_RUNNING') return t().computing(Math.floor(window.progress * 100));
  return `${calendarDay(from)} ${clockMinute(from)} – ${calendarDay(to)} ${clockMinute(to)}`;
}

function townFacts(window: CoverageWindow): Fact[] {
  const span = window.town?.window;
  if (span === undefined) return [];
  const uncovered = seconds(span.longestUncovered) ?? 0;
  const gap = age((seconds(window.gapMin) ?? 0) * 1000);
  return [
    [t().averageCoverage, coveredText(span)],
    [t().percentiles, [span.coveredP5, span.coveredP50, span.coveredP95].map(percent).join(' / ')],
    ...(uncovered > 0 ? [[t().nobodyFor, age(uncovered * 1000), 'bad'] as Fact] : []),
    [t().unitsSeen, String(window.units)],
    [t().blindSpots(gap), t().spotsOf(window.blindSpots, kilometres(window.blindSpotsM)), window.blindSpots > 0 ? 'bad' : 'good'],
  ];
}

function hourBars(hours: SpanCoverage[]): HTMLElement[] {
  return hours.map((hour) => {
    const at = instant(hour.hourStart);
    const when = at === undefined ? '' : `${calendarDay(at)} ${clockMinute(at)}`;
    const bar = h('i', { title: `${when} · ${coveredText(hour)}` });
    bar.style.setProperty('--covered', `${hour.coveredRatio * 100}%`);
    bar.style.setProperty('--upper', `${hour.coveredOrUnknownRatio * 100}%`);
    return bar;
  });
}

// Villages where there are any, least covered first.
function lowestAreas(areas: AreaWindow[]): AreaWindow[] {
  const candidates = areas.filter((area) => area.kind !== 'town' && area.patrollableM > 0);
  const villages = candidates.filter((area) => area.kind === 'village');
  return (villages.length > 0 ? villages : candidates)
    .sort((a, b) => (a.window?.coveredRatio ?? 0) - (b.window?.coveredRatio ?? 0) || (a.area < b.area ? -1 : 1))
    .slice(0, AREAS);
}
