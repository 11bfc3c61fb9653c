// Times come in UTC; a switch shows them in the team's zone or in the reader's own, and pointing at one shows all of them.
(() => {
  'use strict';

  const root = document.documentElement;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  const formats = new Map();
  const formatOf = (zone) => {
    if (!formats.has(zone)) formats.set(zone, new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', weekday: 'short', year: 'numeric', month: 'short', day: 'numeric',
      hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
    }));
    return formats.get(zone);
  };
  const known = (zone) => { try { formatOf(zone); return true; } catch { return false; } };
  const partsOf = (at, zone) => Object.fromEntries(formatOf(zone).formatToParts(at).map(({ type, value }) => [type, value]));
  const canonical = (zone) => formatOf(zone).resolvedOptions().timeZone;  // a zone may have several names
  const choices = [{ name: 'utc', zone: 'UTC', whose: '' }];
  for (const [name, zone, whose] of [['team', root.dataset.zone, 'the team\'s'], ['own', own, 'yours']])
    if (zone && known(zone) && !choices.some((one) => canonical(one.zone) === canonical(zone))) choices.push({ name, zone, whose });

  // Which one, kept from page to page and from tab to tab.
  let chosen = choices[0], changed = false;
  const kept = () => { try { return localStorage.getItem('zone'); } catch { return null; } };
  const choose = (name) => { chosen = choices.find((one) => one.name === name) ?? choices[0]; };
  const titled = ({ zone, whose }) => whose ? `${zone}, ${whose}` : zone;

  // How a time is written: `data-form` names what stands for less than a time of day to the second, or for more.
  const dateOf = (parts) => `${parts.month} ${parts.day}`;
  const FORMS = {
    time: (at) => `${at.hour}:${at.minute}:${at.second}`,
    minute: (at) => `${at.hour}:${at.minute}`,
    day: (at, now) => dateOf(at) === dateOf(now) && at.year === now.year ? FORMS.time(at) : `${dateOf(at)}, ${FORMS.minute(at)}`,
    start: (at, now) => dateOf(at) === dateOf(now) && at.year === now.year ? FORMS.minute(at) : `${at.weekday} ${at.day}, ${FORMS.minute(at)}`,
    tick: (at) => FORMS.minute(at) === '00:00' ? `${at.weekday} ${at.day}` : FORMS.minute(at),
    'day-tick': (at) => `${at.weekday} ${FORMS.minute(at) === '00:00' ? at.day : FORMS.minute(at)}`,
    full: (at) => `${dateOf(at)}, ${at.year}, ${FORMS.time(at)}`,
  };
  // Each is written once a change: where its text is the one that was written for this time, zone and day, it stands.
  const written = new WeakMap();
  const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const put = (element, time, form, now) => {
    const key = `${chosen.zone} ${dateOf(now)} ${time}`, last = written.get(element);
    if (last?.key === key && last.text === element.textContent) return;
    const text = FORMS[form || 'time'](partsOf(typeof time === 'number' ? time : Date.parse(time), chosen.zone), now);
    write(element, text);
    written.set(element, { key, text });
  };
  const drawTable = (table, now) => {
    const { starts, step } = table.dataset, at = Date.parse(starts);
    write(table.tHead.rows[0].cells[0], `From, ${chosen.zone}`);
    [...table.tBodies[0].rows].forEach((row, number) => put(row.cells[0], at + number * step * 1000, 'start', now));
  };
  const draw = () => {
    if (!changed && chosen === choices[0]) return;  // as the server drew them
    changed = true;
    const now = partsOf(Date.now(), chosen.zone);
    for (const time of document.querySelectorAll('time[datetime]')) put(time, time.dateTime, time.dataset.form, now);
    for (const tick of document.querySelectorAll('text[data-at]')) put(tick, tick.dataset.at, tick.dataset.form, now);
    for (const table of document.querySelectorAll('table[data-starts]')) drawTable(table, now);
    for (const name of document.querySelectorAll('[data-zone-name]')) write(name, titled(chosen));
  };
  const say = () => {
    const button = document.querySelector('[data-zone-switch]');
    if (!button) return;
    const next = choices[(choices.indexOf(chosen) + 1) % choices.length];
    button.hidden = choices.length < 2;
    write(button, partsOf(Date.now(), chosen.zone).timeZoneName);
    button.title = `Times are in ${titled(chosen)}; next: ${titled(next)} (z)`;
    button.setAttribute('aria-label', button.title);
  };
  const wear = (name) => { choose(name); draw(); say(); };
  const turn = () => {
    wear(choices[(choices.indexOf(chosen) + 1) % choices.length].name);
    try { localStorage.setItem('zone', chosen.name); } catch {}
    const announcer = document.getElementById('announcer');
    if (announcer) write(announcer, `Times are in ${titled(chosen)}.`);
  };
  choose(kept());
  addEventListener('storage', (event) => { if (event.key === 'zone') wear(event.newValue); });

  // All of them where one points.
  document.addEventListener('pointerover', ({ target }) => {
    const time = target.closest?.('time[datetime]');
    if (!time) return;
    const at = Date.parse(time.dateTime);
    time.title = choices.map((one) => {
      const parts = partsOf(at, one.zone);
      return `${parts.weekday}, ${FORMS.full(parts)} ${titled(one)}`;
    }).join('\n');
  }, { passive: true });

  document.addEventListener('DOMContentLoaded', () => {
    document.querySelector('[data-zone-switch]')?.addEventListener('click', turn);
    wear(chosen.name);
    // What comes in is in UTC again. An observer is told before anything is painted, whoever changed the page.
    new MutationObserver(draw).observe(document.body, { childList: true, characterData: true, subtree: true });
  });
})();
