// Names of areas on the map, as elements: the map has no fonts. Where two would overlap, the more
// important stays.
import { Marker, type Map as MapLibre } from 'maplibre-gl';
import { h, setAttribute, setText } from '../dom';
import { percent } from '../format';
import type { Area, AreaCoverage } from '../types';
import { centre } from './geometry';

interface Label {
  area: Area;
  marker: Marker;
  element: HTMLElement;
  ratio: HTMLElement;
  rank: number;
}

// Grids are many and small: from this much closer than the whole town on.
const GRID_ZOOM_IN = 1.1;
const GAP_PX = 4;

export class AreaLabels {
  private labels: Label[] = [];
  private pending = false;
  private homeZoom = 0;

  constructor(private readonly map: MapLibre) {
    map.on('move', () => this.schedule());
  }

  setAreas(areas: Area[], homeZoom: number): void {
    this.homeZoom = homeZoom;
    for (const label of this.labels) label.marker.remove();
    this.labels = [];
    for (const area of areas) {
      const place = centre(area.geometryJson);
      if (place === undefined || area.kind === 'town') continue;
      const ratio = h('b');
      const element = h('div', { class: 'area-label', 'data-kind': area.kind }, area.displayName, ratio);
      const marker = new Marker({ element, anchor: 'center' }).setLngLat(place).addTo(this.map);
      element.removeAttribute('aria-label');
      element.removeAttribute('tabindex');
      const rank = (area.kind === 'village' ? 1e9 : 0) + area.patrollableM;
      this.labels.push({ area, marker, element, ratio, rank });
    }
    this.labels.sort((a, b) => b.rank - a.rank);
    this.schedule();
  }

  setRatios(areas: AreaCoverage[]): void {
    const byName = new Map(areas.map((area) => [area.area, area]));
    for (const { area, element, ratio } of this.labels) {
      const coverage = byName.get(area.name);
      const known = coverage !== undefined && coverage.patrollableM > 0;
      setText(ratio, known ? ` ${percent(coverage.coveredRatio)}%` : '');
      const level = !known ? undefined : coverage.coveredRatio < 0.4 ? 'low' : coverage.coveredRatio < 0.75 ? 'middle' : 'high';
      setAttribute(element, 'data-level', level);
    }
    this.schedule();
  }

  private schedule(): void {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.place();
    });
  }

  private place(): void {
    const grids = this.map.getZoom() > this.homeZoom + GRID_ZOOM_IN;
    const taken: { left: number; right: number; top: number; bottom: number }[] = [];
    for (const { area, marker, element } of this.labels) {
      const at = this.map.project(marker.getLngLat());
      const halfWidth = element.offsetWidth / 2 + GAP_PX;
      const halfHeight = element.offsetHeight / 2 + GAP_PX;
      const box = {
        left: at.x - halfWidth,
        right: at.x + halfWidth,
        top: at.y - halfHeight,
        bottom: at.y + halfHeight,
      };
      const wanted = area.kind === 'village' || grids;
      const free = taken.every(
        (other) =>
          box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom,
      );
      const shown = wanted && free;
      // Not taken out of the page: it must keep its size to be placed next time.
      element.classList.toggle('out', !shown);
      if (shown) taken.push(box);
    }
  }
}
