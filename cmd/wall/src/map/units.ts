// The units on the map, as elements: they move every second, and the roads under them need not be
// drawn again for it.
import { Marker, type Map as MapLibre } from 'maplibre-gl';
import { h, setAttribute } from '../dom';
import type { Knowledge, Unit } from '../types';
import { unitIcon } from './icons';

interface Sign {
  marker: Marker;
  element: HTMLElement;
  image: HTMLImageElement;
}

const looks: Partial<Record<Knowledge, string>> = {
  UNIT_KNOWLEDGE_KNOWN: 'known',
  UNIT_KNOWLEDGE_STALE: 'stale',
  UNIT_KNOWLEDGE_OFF_NETWORK: 'off-network',
};

export class UnitSigns {
  private readonly signs = new Map<string, Sign>();

  constructor(
    private readonly map: MapLibre,
    private readonly open: (unit: string) => void,
  ) {
    map.on('zoom', () => this.scale());
    this.scale();
  }

  draw(units: Iterable<Unit>): void {
    const placed = new Set<string>();
    for (const unit of units) {
      const icon = unitIcon(unit);
      const place = unit.state?.position;
      if (icon === undefined || place === undefined) continue;
      placed.add(unit.name);
      const sign = this.signs.get(unit.name) ?? this.add(unit, place);
      sign.marker.setLngLat(place);
      setAttribute(sign.image, 'src', icon);
      setAttribute(sign.element, 'title', unit.displayName || unit.name);
      setAttribute(sign.element, 'data-knowledge', looks[unit.state?.knowledge ?? 'UNIT_KNOWLEDGE_LOST']);
    }
    for (const [name, sign] of this.signs) {
      if (placed.has(name)) continue;
      sign.marker.remove();
      this.signs.delete(name);
    }
  }

  private add(unit: Unit, place: { lon: number; lat: number }): Sign {
    const image = h('img', { alt: '' });
    const element = h('div', { class: 'unit', 'data-unit': unit.name }, image);
    element.addEventListener('click', (event) => {
      // Not a click on the map under it as well.
      event.stopPropagation();
      this.open(unit.name);
    });
    const sign = { element, image, marker: new Marker({ element }).setLngLat(place).addTo(this.map) };
    element.removeAttribute('tabindex');
    this.signs.set(unit.name, sign);
    return sign;
  }

  // Smaller when the whole town is in view.
  private scale(): void {
    const size = Math.min(32, Math.max(16, 6 + 4 * (this.map.getZoom() - 8)));
    this.map.getContainer().style.setProperty('--unit-size', `${size.toFixed(0)}px`);
  }
}
