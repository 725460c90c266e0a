// The bar at the top: name, clock, connection, language.
import { calendarDay, clockTime } from '../format';
import { h, setAttribute, setText } from '../dom';
import type { Model } from '../model';
import { currentLanguage, t } from '../strings';
import type { Connection } from '../stream';

export class Header {
  readonly element: HTMLElement;
  readonly banner: HTMLElement;
  private readonly clock = h('time', { class: 'clock', id: 'clock' });
  private readonly day = h('span', { class: 'day' });
  private readonly pill = h('span', { class: 'pill', id: 'connection', role: 'status' });
  private state: Connection = 'connecting';
  private lostSince: number | undefined;
  private attempt = 0;
  private everLive = false;

  constructor(toggleLanguage: () => void) {
    this.element = h(
      'header',
      { class: 'bar' },
      mark(),
      h('h1', {}, t().title),
      h('span', { class: 'subtitle' }, t().subtitle),
      h('span', { class: 'spacer' }),
      this.pill,
      this.day,
      this.clock,
      h(
        'button',
        {
          class: 'chip',
          id: 'language',
          title: t().languageToggleTitle,
          lang: currentLanguage() === 'zh' ? 'en' : 'zh-CN',
          onclick: toggleLanguage,
        },
        t().languageToggle,
      ),
    );
    this.banner = h('div', { class: 'banner hidden', id: 'connection-lost', role: 'alert' });
  }

  connection(state: Connection, lostSince: number | undefined, attempt: number, model: Model): void {
    this.state = state;
    this.lostSince = lostSince;
    this.attempt = attempt;
    if (state === 'live') this.everLive = true;
    document.body.dataset['connection'] = state;
    this.sources(model);
  }

  // Which of the service's own sources are down, while the connection itself stands.
  sources(model: Model): void {
    const down = Object.entries(model.sources).filter(([, state]) => state !== 'live');
    // Lists are asked for when a wall connects: that takes a moment.
    const failed = down.filter(([, state]) => state !== 'not asked yet');
    const degraded = this.state === 'live' && failed.length > 0;
    setText(this.pill, degraded ? t().degraded : t()[this.state]);
    setAttribute(this.pill, 'data-state', degraded ? 'degraded' : this.state);
    const lines: string[] = [];
    if (this.state === 'lost') {
      const since = this.lostSince ?? Date.now();
      lines.push(this.everLive ? t().lostSince(clockTime(since)) : t().neverConnected);
      lines.push(t().retrying(this.attempt));
    } else if (degraded) {
      for (const [source, state] of failed) {
        lines.push(`${t().sourceDown(t().sourceNames[source] ?? source)} (${state})`);
      }
    }
    setText(this.banner, lines.join(' · '));
    this.banner.classList.toggle('hidden', lines.length === 0);
    this.banner.classList.toggle('degraded', degraded);
  }

  tick(now: number): void {
    setText(this.clock, clockTime(now));
    setText(this.day, calendarDay(now));
  }
}

// Three circles: one, two and three minutes.
function mark(): SVGSVGElement {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.setAttribute('class', 'mark');
  svg.setAttribute('aria-hidden', 'true');
  for (const [r, colour] of [
    [14, '#f08a3c'],
    [9.5, '#e5c454'],
    [5, '#2fd3a0'],
  ] as const) {
    const circle = document.createElementNS(ns, 'circle');
    circle.setAttribute('cx', '16');
    circle.setAttribute('cy', '16');
    circle.setAttribute('r', String(r));
    circle.setAttribute('fill', 'none');
    circle.setAttribute('stroke', colour);
    circle.setAttribute('stroke-width', '2');
    svg.append(circle);
  }
  return svg;
}
