// The list of motion events: what moves, where, and who could be there.
import { h, setAttribute, setText } from '../dom';
import { band, clockTime, instant, minutes, seconds, shortName } from '../format';
import { isOngoing, isUnattended, type Model } from '../model';
import { t } from '../strings';
import type { MotionEvent } from '../types';

const ROWS_MAX = 60;

class Row {
  readonly element: HTMLButtonElement;
  private readonly image = h('img', { alt: '', loading: 'lazy' });
  private readonly time = h('time');
  private readonly lasting = h('span', { class: 'lasting' });
  private readonly camera = h('b', { class: 'event-camera' });
  private readonly area = h('span', { class: 'event-area' });
  private readonly response = h('span', { class: 'event-response' });

  constructor(name: string, open: (event: string) => void) {
    this.element = h(
      'button',
      { class: 'event', 'data-event': name, onclick: () => open(name) },
      h('span', { class: 'event-picture' }, this.image),
      h(
        'span',
        { class: 'event-text' },
        h('span', { class: 'event-line' }, this.time, this.area, this.lasting),
        this.camera,
        this.response,
      ),
    );
  }

  show(event: MotionEvent, model: Model, now: number): void {
    const camera = model.cameras.get(event.camera);
    setText(this.camera, camera?.displayName || shortName(event.camera));
    setText(this.area, areaName(event, model));
    setText(this.time, clockTime(instant(event.beginTime) ?? now));
    const { text, tone } = responseText(event, model);
    setText(this.response, text);
    setAttribute(this.element, 'data-tone', tone);
    setAttribute(this.element, 'data-unattended', isUnattended(event) ? '' : undefined);
    setAttribute(this.element, 'data-marked', event.notAnEvent ? '' : undefined);
    setAttribute(this.element, 'data-ongoing', isOngoing(event) ? '' : undefined);
    // The best still may change until the event has ended; the fragment asks for it again.
    if (event.hasStill) setAttribute(this.image, 'src', `${stillPath(event)}#${isOngoing(event) ? '' : 'end'}`);
    this.image.classList.toggle('hidden', !event.hasStill);
    this.tick(event, now);
  }

  tick(event: MotionEvent, now: number): void {
    setText(this.lasting, lastingText(event, now));
  }
}

export function stillPath(event: MotionEvent): string {
  return `/v1/${event.name}/still`;
}

export function lastingText(event: MotionEvent, now: number): string {
  const begin = instant(event.beginTime) ?? now;
  const end = isOngoing(event) ? now : (instant(event.lastTime) ?? begin);
  const length = minutes((end - begin) / 1000);
  if (event.cutShort) return `${t().cutShort} · ${length}`;
  return isOngoing(event) ? `${t().ongoing} ${length}` : t().lasted(length);
}

export function areaName(event: MotionEvent, model: Model): string {
  const name = event.response?.area ?? '';
  return name === '' ? '' : model.areas.get(name)?.displayName || shortName(name);
}

// Who can be there, in words, and the colour of the answer.
export function responseText(event: MotionEvent, model: Model): { text: string; tone: string } {
  const response = event.response;
  if (event.notAnEvent) return { text: t().markedAsNone, tone: 'none' };
  if (response === undefined) return { text: '', tone: 'none' };
  const arrival = seconds(response.arrival);
  const unit = model.units.get(response.nearestUnit)?.displayName || shortName(response.nearestUnit);
  if (response.unattended) {
    const why =
      arrival === undefined ? response.reason || t().nobody : t().nearestIs(unit, minutes(arrival));
    return { text: `${t().unattended} · ${why}`, tone: 'late' };
  }
  if (arrival === undefined) return { text: response.reason || t().noPlace, tone: 'none' };
  return { text: t().arrivesIn(unit, minutes(arrival)), tone: band(arrival) };
}

export class EventList {
  readonly element: HTMLElement;
  private readonly list = h('div', { class: 'event-list', id: 'events' });
  private readonly rows = new Map<string, Row>();
  private readonly everything = h('button', { class: 'chip', 'aria-pressed': 'true' }, t().all);
  private readonly onlyUnattended = h(
    'button',
    { class: 'chip', 'aria-pressed': 'false', id: 'only-unattended' },
    t().unattended,
  );
  private filtered = false;

  constructor(
    private readonly model: Model,
    private readonly open: (event: string) => void,
    private readonly now: () => number,
  ) {
    this.everything.addEventListener('click', () => this.filter(false));
    this.onlyUnattended.addEventListener('click', () => this.filter(true));
    this.element = h(
      'section',
      { class: 'panel events', 'aria-label': t().eventList },
      h('h2', {}, t().eventList, h('span', { class: 'pager' }, this.everything, this.onlyUnattended)),
      this.list,
    );
  }

  draw(now: number): void {
    const events = this.model
      .eventsByTime()
      .filter((event) => !this.filtered || isUnattended(event))
      .slice(0, ROWS_MAX);
    const shown = new Set(events.map((event) => event.name));
    for (const [name, row] of this.rows) {
      if (shown.has(name)) continue;
      row.element.remove();
      this.rows.delete(name);
    }
    let place = this.list.firstElementChild;
    for (const event of events) {
      let row = this.rows.get(event.name);
      if (row === undefined) {
        row = new Row(event.name, this.open);
        this.rows.set(event.name, row);
      }
      row.show(event, this.model, now);
      if (row.element === place) place = place.nextElementSibling;
      else this.list.insertBefore(row.element, place);
    }
    const nothing = this.filtered ? t().noUnattended : t().noEvents;
    setAttribute(this.list, 'data-empty', events.length === 0 ? nothing : undefined);
  }

  tick(now: number): void {
    for (const [name, row] of this.rows) {
      const event = this.model.events.get(name);
      if (event !== undefined && isOngoing(event)) row.tick(event, now);
    }
  }

  private filter(unattended: boolean): void {
    this.filtered = unattended;
    setAttribute(this.everything, 'aria-pressed', String(!unattended));
    setAttribute(this.onlyUnattended, 'aria-pressed', String(unattended));
    this.draw(this.now());
  }
}
