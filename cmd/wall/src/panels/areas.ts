// The areas that are covered least.
import { h, setAttribute, setText } from '../dom';
import { coveredText, shortName } from '../format';
import type { Model } from '../model';
import { t } from '../strings';
import type { AreaCoverage } from '../types';

const ROWS = 8;

interface Row {
  element: HTMLButtonElement;
  name: HTMLElement;
  covered: HTMLElement;
  unknown: HTMLElement;
  ratio: HTMLElement;
  area: string;
}

export class LowestAreas {
  readonly element: HTMLElement;
  private readonly rows: Row[];
  private readonly chips = h('span', { class: 'pager' });
  private kind = 'village';
  private kinds = '';

  constructor(
    private readonly model: Model,
    open: (area: string) => void,
  ) {
    this.rows = Array.from({ length: ROWS }, () => makeRow(open));
    this.element = h(
      'section',
      { class: 'panel areas', 'aria-label': t().lowest },
      h('h2', {}, t().lowest, this.chips),
      h('div', { class: 'area-list', id: 'areas' }, ...this.rows.map((row) => row.element)),
    );
  }

  draw(): void {
    const areas = (this.model.coverage?.areas ?? []).filter(
      (area) => area.kind !== 'town' && area.patrollableM > 0,
    );
    this.drawChips([...new Set(areas.map((area) => area.kind))].sort().reverse());
    const lowest = areas
      .filter((area) => area.kind === this.kind)
      .sort((a, b) => a.coveredRatio - b.coveredRatio || (a.area < b.area ? -1 : 1))
      .slice(0, ROWS);
    this.rows.forEach((row, i) => showRow(row, lowest[i]));
  }

  private drawChips(kinds: string[]): void {
    if (kinds.length > 0 && !kinds.includes(this.kind)) this.kind = kinds[0] ?? '';
    const state = `${kinds.join()}:${this.kind}`;
    if (state === this.kinds) return;
    this.kinds = state;
    this.chips.replaceChildren(
      ...kinds.map((kind) =>
        h(
          'button',
          {
            class: 'chip',
            'aria-pressed': String(kind === this.kind),
            onclick: () => {
              this.kind = kind;
              this.draw();
            },
          },
          t().kinds[kind] ?? kind,
        ),
      ),
    );
  }
}

function makeRow(open: (area: string) => void): Row {
  const row = {
    name: h('span', { class: 'area-name' }),
    covered: h('i', { class: 'bar-covered' }),
    unknown: h('i', { class: 'bar-unknown' }),
    ratio: h('b', { class: 'area-ratio' }),
    area: '',
  };
  const element = h(
    'button',
    { class: 'area', onclick: () => open(made.area) },
    row.name,
    h('span', { class: 'stack' }, row.covered, row.unknown),
    row.ratio,
  );
  const made: Row = { ...row, element };
  return made;
}

function showRow(row: Row, area: AreaCoverage | undefined): void {
  row.element.classList.toggle('hidden', area === undefined);
  if (area === undefined) return;
  row.area = area.area;
  setAttribute(row.element, 'data-area', area.area);
  setText(row.name, area.displayName || shortName(area.area));
  row.covered.style.width = `${area.coveredRatio * 100}%`;
  row.unknown.style.width = `${(area.coveredOrUnknownRatio - area.coveredRatio) * 100}%`;
  setText(row.ratio, coveredText(area));
}
