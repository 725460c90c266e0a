// The town in figures.
import { h, setAttribute, setText } from '../dom';
import { clockTime, instant, kilometres, percent } from '../format';
import type { Model } from '../model';
import { age, t } from '../strings';
import { History } from './history';

// Coverage is told every second; older than this, its age is shown in amber.
const COVERAGE_OLD_MS = 10_000;

class Figure {
  readonly element: HTMLElement;
  private readonly value: HTMLElement;

  constructor(id: string, label: string, tone: string) {
    this.value = h('b', { id }, '–');
    this.element = h('div', { class: 'figure', 'data-tone': tone }, this.value, h('span', {}, label));
  }

  set(value: number | undefined): void {
    setText(this.value, value === undefined ? '–' : String(value));
    setAttribute(this.element, 'data-zero', value === 0 ? '' : undefined);
  }
}

export class Figures {
  readonly element: HTMLElement;
  private readonly covered = h('b', { class: 'ratio-main' }, '–');
  private readonly upper = h('b', { class: 'ratio-upper' });
  private readonly ratio = h('div', { class: 'ratio', id: 'town-ratio' });
  private readonly asOf = h('span', { class: 'as-of', id: 'coverage-time' });
  private readonly bars = {
    covered: h('i', { class: 'bar-covered' }),
    unknown: h('i', { class: 'bar-unknown' }),
  };
  private readonly lengths = {
    covered: h('b', { id: 'covered-km' }, '–'),
    unknown: h('b', { id: 'unknown-km' }, '–'),
    notCovered: h('b', { id: 'not-covered-km' }, '–'),
  };
  private readonly history = new History();
  private readonly units = {
    known: new Figure('units-known', t().known, 'good'),
    stale: new Figure('units-stale', t().stale, 'warn'),
    lost: new Figure('units-lost', t().lostUnits, 'bad'),
    offNetwork: new Figure('units-off-network', t().offNetwork, 'mute'),
    offDuty: new Figure('units-off-duty', t().offDuty, 'mute'),
  };
  private readonly cameras = {
    streaming: new Figure('cameras-streaming', t().streaming, 'good'),
    blind: new Figure('cameras-blind', t().blind, 'blind'),
    offline: new Figure('cameras-offline', t().offline, 'bad'),
    off: new Figure('cameras-off', t().off, 'mute'),
    unhealthy: new Figure('cameras-unhealthy', t().unhealthy, 'warn'),
  };
  private readonly events = {
    hour: new Figure('events-hour', t().lastHour, 'plain'),
    moving: new Figure('events-moving', t().movingNow, 'moving'),
    unattended: new Figure('events-unattended', t().unattended, 'bad'),
    overLimit: new Figure('events-over-limit', t().overLimit, 'warn'),
  };

  constructor(private readonly model: Model) {
    setAttribute(this.events.overLimit.element, 'title', t().overLimitTitle);
    this.events.overLimit.element.classList.add('hidden');
    this.ratio.append(this.covered, this.upper, h('small', {}, '%'));
    const length = (tone: string, label: string, value: HTMLElement): HTMLElement =>
      h('span', { class: 'length', 'data-tone': tone }, label, value, ` ${t().km}`);
    this.element = h(
      'section',
      { class: 'figures', 'aria-label': t().townCoverage },
      h(
        'div',
        { class: 'card coverage' },
        h('h2', {}, t().townCoverage, this.asOf),
        this.ratio,
        h('p', { class: 'convention' }, t().coverageConvention),
        h('div', { class: 'stack', 'aria-hidden': 'true' }, this.bars.covered, this.bars.unknown),
        h(
          'div',
          { class: 'lengths' },
          length('covered', t().covered, this.lengths.covered),
          length('unknown', t().unknown, this.lengths.unknown),
          length('not-covered', t().notCovered, this.lengths.notCovered),
        ),
        this.history.element,
      ),
      card(t().units, Object.values(this.units)),
      card(t().cameras, Object.values(this.cameras)),
      card(t().events, Object.values(this.events)),
    );
  }

  drawCoverage(now: number): void {
    const coverage = this.model.coverage;
    const town = coverage?.town;
    if (coverage === undefined || town === undefined) return;
    const most = percent(town.coveredOrUnknownRatio);
    setText(this.covered, percent(town.coveredRatio));
    setText(this.upper, ` – ${most}`);
    this.bars.covered.style.width = `${town.coveredRatio * 100}%`;
    this.bars.unknown.style.width = `${(town.coveredOrUnknownRatio - town.coveredRatio) * 100}%`;
    setText(this.lengths.covered, kilometres(town.coveredM));
    setText(this.lengths.unknown, kilometres(town.unknownM));
    setText(this.lengths.notCovered, kilometres(town.notCoveredM));
    this.history.add(instant(coverage.time) ?? now, town.coveredRatio, town.coveredOrUnknownRatio);
    this.units.known.set(coverage.units?.known);
    this.units.stale.set(coverage.units?.stale);
    this.units.lost.set(coverage.units?.lost);
    this.units.offNetwork.set(coverage.units?.offNetwork);
    this.units.offDuty.set(coverage.units?.offDuty);
    this.tick(now);
  }

  drawCameras(): void {
    const counts = this.model.cameraCounts();
    this.cameras.streaming.set(counts.streaming);
    this.cameras.blind.set(counts.blind);
    this.cameras.offline.set(counts.offline);
    this.cameras.off.set(counts.off);
    this.cameras.unhealthy.set(counts.unhealthy);
    const over = this.model.eventsOverLimit();
    this.events.overLimit.set(over);
    // Rare, and then not to be overlooked.
    this.events.overLimit.element.classList.toggle('hidden', over === 0);
  }

  drawEvents(now: number): void {
    const hour = this.model.eventsOfHour(now);
    this.events.hour.set(hour.begun);
    this.events.unattended.set(hour.unattended);
    this.events.moving.set(this.model.ongoingByCamera().size);
  }

  tick(now: number): void {
    const time = instant(this.model.coverage?.time);
    if (time === undefined) return;
    const old = now - time > COVERAGE_OLD_MS;
    const text = t().asOf(clockTime(time));
    setText(this.asOf, old ? `${text} (${t().pictureAge(age(now - time))})` : text);
    this.asOf.classList.toggle('old', old);
  }
}

function card(title: string, figures: Figure[]): HTMLElement {
  return h(
    'div',
    { class: 'card' },
    h('h2', {}, title),
    h('div', { class: 'figure-row' }, ...figures.map((figure) => figure.element)),
  );
}
