// Keeps the page alive: polls quietly, says how old each figure is, and answers to keys. htmx fetches and morphs.
(() => {
  'use strict';

  const PERIOD = 10_000;    // between two questions, while all is well
  const IMPATIENT = 4_000;  // while a panel is stale, failed or waiting
  const PATIENT = 20_000;   // at most, while nobody answers
  const SOON = 1_000;       // until what contradicts something else is asked anew; kept answers are gone by then
  const OLD = 30_000;       // from this age on a figure looks old
  const root = document.documentElement;
  const plans = new WeakMap();
  let skew = NaN;           // the browser's clock minus the source's

  // Theme: before the first paint, or the page flashes.
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const kept = {
    get: () => { try { return localStorage.getItem('theme'); } catch { return null; } },
    set: (theme) => { try { theme ? localStorage.setItem('theme', theme) : localStorage.removeItem('theme'); } catch {} },
  };
  const wear = (theme) => { theme ? root.dataset.theme = theme : delete root.dataset.theme; };
  const switchTheme = () => {
    const system = dark.matches ? 'dark' : 'light';
    const next = (root.dataset.theme || system) === 'dark' ? 'light' : 'dark';
    const chosen = next === system ? null : next;
    kept.set(chosen);
    wear(chosen);
  };
  if (['light', 'dark'].includes(kept.get())) wear(kept.get());
  addEventListener('storage', (event) => { if (event.key === 'theme') wear(event.newValue); });

  // Polling. One clock for all panels; each has its own jittered time, so that many screens do not ask at once.
  const jittered = (period) => period * (0.85 + Math.random() * 0.3);
  const polled = () => document.querySelectorAll('[data-poll]');
  const isDoubtful = (panel) => panel.id !== STRIP && ['stale', 'failed'].includes(panel.dataset.state);
  const allClear = () => document.querySelector('.verdict:is([data-verdict=ok], [data-verdict=recovered])');
  const isPatient = (panel) => ['fresh', 'empty', 'absent'].includes(panel.dataset.state) &&
    !(panel.id === STRIP && allClear() && [...polled()].some(isDoubtful));
  const periodOf = (panel, failures = 0) =>
    failures ? Math.min(PATIENT, IMPATIENT * 2 ** (failures - 1)) : isPatient(panel) ? PERIOD : IMPATIENT;
  // The panels that the strip answers from are asked with it, so that both tell of one moment; alone only where it is late.
  const STRIP = 'summary', ALERTS = 'panel-alerts';
  const answersFrom = () => new Set([...document.querySelectorAll('a.answer')]
    .map((answer) => document.querySelector(answer.hash)).concat(document.getElementById(ALERTS)).filter(Boolean));
  const pause = (panel, failures = 0) => {
    const period = periodOf(panel, failures);
    return jittered(period) + (period === PERIOD && answersFrom().has(panel) ? PERIOD / 2 : 0);
  };
  const planOf = (panel) => {
    if (!plans.has(panel)) {
      const first = panel.dataset.state === 'pending' ? 0 : pause(panel);
      plans.set(panel, { due: Date.now() + first, failures: 0, since: 0, asking: false, again: false, doubtful: false });
    }
    return plans.get(panel);
  };
  const ask = (panel, plan) => {
    if (document.hidden || plan.asking || !panel._htmx) return false;
    plan.asking = true;
    plan.again = false;
    htmx.trigger(panel, 'panel:refresh', {}, false);
    return true;
  };
  const settle = (panel) => {
    const plan = planOf(panel);
    plan.asking = false;
    plan.due = Date.now() + (plan.again ? SOON : pause(panel, plan.failures));
    agree(panel);
  };
  // Asked anew in a moment, and once for all who want it; an answer that is on its way is waited for.
  const soon = (panel) => {
    const plan = planOf(panel);
    if (plan.again) return;
    plan.again = true;
    plan.due = Math.min(plan.due, Date.now() + SOON);
  };
  const hurry = (within) => {
    for (const panel of polled()) planOf(panel).due = Math.min(planOf(panel).due, Date.now() + Math.random() * within);
  };

  // The strip and the list tell of one tick: where one of them has another mark than the other, that one is asked anew.
  const AGREE = 2;          // times in a row at most, until they are asked by themselves again
  let disagreed = 0;
  const agree = (answered) => {
    const other = document.getElementById({ [STRIP]: ALERTS, [ALERTS]: STRIP }[answered.id]);
    const mine = answered.dataset.findings, theirs = other?.dataset.findings;
    if (!mine || !theirs || planOf(other).asking) return;
    if (mine === theirs) disagreed = 0;
    else if (++disagreed <= AGREE) soon(other);
  };

  // Where a panel turns stale or failed, or is back, the verdict is asked anew; until that answer is there none is all clear.
  // Nor is one above an alert that fires: the list may know of it first.
  const fires = () => document.querySelector(`#${ALERTS}[data-tone]`);
  const withhold = (why) => {
    const verdict = allClear(), sentence = verdict?.querySelector('.sentence');
    if (!verdict || 'unsure' in verdict.dataset) return;
    sentence.style.minHeight = `${sentence.offsetHeight}px`;
    write(sentence.querySelector('strong'), why);
    sentence.replaceChildren(sentence.querySelector('strong'), ' Checking again …');
    Object.assign(verdict.dataset, { tone: 'unknown', unsure: '' });
    headline();
  };
  const doubt = () => {
    const strip = document.getElementById(STRIP);
    let turned = false;
    for (const panel of polled()) {
      const plan = planOf(panel), is = isDoubtful(panel);
      turned ||= plan.doubtful !== is;
      plan.doubtful = is;
    }
    if (!strip) return;
    if (turned) soon(strip);
    if (planOf(strip).again && [...polled()].some(isDoubtful)) withhold('Not everything can be read.');
    else if (fires()) withhold('An alert fires.');
  };

  // What went well and what did not.
  const arrived = (panel) => {
    const plan = planOf(panel), back = plan.failures > 0;
    plan.failures = 0;
    if (panel.dataset.state !== 'stale' && panel.dataset.asOf) reckon(Date.parse(panel.dataset.asOf));
    if (back) hurry(1500);
    tick();
    news();
    repick();
  };
  const failed = (panel, why) => {
    const plan = planOf(panel);
    plan.failures += 1;
    plan.why = why;
    if (plan.failures === 1) plan.since = Date.now();
    tick();
  };
  const reason = (status) =>
    status === 401 || status === 403 ? 'You are logged out: reload the page.' :
    status >= 500 ? `houndmon answers with an error (${status}).` : `houndmon refuses the question (${status}).`;

  // A fresh answer is a few seconds old at most, so it tells how far the two clocks lie apart.
  const reckon = (asOf) => {
    const seen = Date.now() - asOf;
    skew = Math.abs(seen - skew) < OLD ? Math.min(skew, seen) : seen;
  };
  const ageOf = (asOf) => Math.max(0, Date.now() - (skew || 0) - asOf);
  const words = (ms) => {
    const seconds = Math.round(ms / 1000);
    if (seconds < 120) return `${seconds} s`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86400)} d`;
  };
  const write = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };

  const age = (panel) => {
    if (!panel.dataset.asOf) return;
    const ms = ageOf(Date.parse(panel.dataset.asOf));
    write(panel.querySelector('[data-age]'), `${words(ms)} ago`);
    panel.toggleAttribute('data-old', ms > OLD);
  };
  const mourn = (panel, plan) => {
    const lost = plan.failures > 0, line = panel.querySelector('[data-lost-line]');
    panel.toggleAttribute('data-lost', lost);
    if (line) line.hidden = !lost;
    if (lost) write(line, plan.why);
  };
  const connection = () => {
    const line = document.getElementById('connection');
    if (!line) return;
    const lost = [...polled()].map(planOf).filter((plan) => plan.failures);
    const alone = lost.length > 0 && lost.length === polled().length;
    line.hidden = !alone;
    if (root.toggleAttribute('data-alone', alone) !== wasAlone) {
      wasAlone = alone;
      say(alone ? 'houndmon does not answer: what you see is old.' : 'houndmon answers again.');
      headline();
    }
    if (!line.hidden) {
      const since = Math.min(...lost.map((plan) => plan.since)), next = Math.min(...lost.map((plan) => plan.due));
      write(line, `No answer from houndmon for ${words(Date.now() - since)}: what you see is old. ` +
        (next > Date.now() ? `Next try in ${words(next - Date.now())}.` : 'Trying now.'));
    }
  };
  // The tab says what the strip says; whoever cannot see the page hears what changed, and nothing else.
  let wasAlone = false, told = null;
  const say = (text) => write(document.getElementById('announcer'), text);
  const headline = () => {
    const main = document.getElementById('main'), strip = document.getElementById(STRIP), icon = document.getElementById('icon');
    if (!strip || !main.dataset.title) return;
    const { title = '', worst, state } = strip.dataset, blind = wasAlone || state === 'failed' || document.querySelector('.verdict[data-unsure]') || title.startsWith('?');
    const what = title.replace(/^\?\s*/, '');
    document.title = (blind ? '? ' : '') + (what ? `${what} · ` : '') + main.dataset.title;
    const mark = blind ? '-unknown' : worst ? `-${worst}` : '';
    const href = icon.getAttribute('href').replace(/favicon[a-z-]*/, `favicon${mark}`);
    if (icon.getAttribute('href') !== href) icon.setAttribute('href', href);
  };
  const news = () => {
    headline();
    const verdict = document.querySelector('.verdict');
    if (!verdict) return;
    const { verdict: state, stage = '' } = verdict.dataset, open = document.getElementById(STRIP).dataset.open;
    const now = [state, stage, open].join();
    if (told !== null && told !== now && state !== 'pending')
      say(verdict.querySelector('.sentence').textContent.trim() + (open ? ` ${open === '1' ? '1 alert is' : `${open} alerts are`} open.` : ''));
    told = now;
  };

  const countup = (element) => write(element, `(${words(Math.max(0, Date.now() - (skew || 0) - Date.parse(element.dataset.since)))}${'ago' in element.dataset ? ' ago' : ''})`);
  const countdown = (element) => {
    const left = Date.parse(element.dataset.until) + (skew || 0) - Date.now();
    write(element, left > 0 ? `(in ${words(left)})` : '(now)');
  };

  const tick = () => {
    for (const panel of polled()) { age(panel); mourn(panel, planOf(panel)); }
    document.querySelectorAll('[data-until]').forEach(countdown);
    document.querySelectorAll('[data-since]').forEach(countup);
    connection();
  };
  const beat = () => {
    if (document.hidden) return;
    const now = Date.now();
    for (const panel of polled()) {
      const plan = planOf(panel);
      if (now < plan.due) continue;
      if (panel.id === STRIP && !plan.again) disagreed = 0;
      if (ask(panel, plan) && panel.id === STRIP) for (const one of answersFrom()) ask(one, planOf(one));
    }
    tick();
  };

  const panelOf = (event) => event.target.matches?.('[data-poll]') && event.target;
  const on = (name, act) => document.addEventListener(name, (event) => { const panel = panelOf(event); if (panel) act(panel, event); });
  on('htmx:before:swap', (panel, event) => {
    // A log-in page or a proxy's own answer is no panel: swapping it in would take the panel away.
    const { ctx, tasks } = event.detail;
    if (ctx.swap === 'none' || tasks.some((task) => task.fragment?.getElementById?.(panel.id) || task.fragment?.querySelector(`#${panel.id}`))) return;
    event.preventDefault();
    failed(panel, 'Something else than houndmon answers: reload the page.');
  });
  on('htmx:after:swap', (panel, event) => { if (event.detail.ctx.response?.status === 200) arrived(panel); });
  on('htmx:response:error', (panel, event) => failed(panel, reason(event.detail.ctx.response.status)));
  on('htmx:error', (panel, event) => { if (event.detail.ctx) failed(panel, 'houndmon does not answer.'); });
  on('htmx:finally:request', settle);

  // Back from another tab, from sleep or from a lost network: ask at once.
  const wake = () => { if (!document.hidden) { hurry(800); tick(); } };
  document.addEventListener('visibilitychange', wake);
  addEventListener('online', wake);
  addEventListener('pageshow', (event) => { if (event.persisted) wake(); });

  // What is done from the list of alerts leaves people where they are; where that fails, the form goes its own way.
  document.addEventListener('submit', async (event) => {
    const form = event.target;
    if (!form.dataset.stay) return;
    event.preventDefault();
    try {
      const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
      if (!answer.ok || !new URL(answer.url).pathname.startsWith('/alerts/')) throw answer;
      say(form.dataset.stay);
      form.closest('[data-alert]')?.focus();
      hurry(0);
      beat();
    } catch { form.submit(); }
  });

  // The field that finds a name: a list to choose from, by keys or by hand.
  const combobox = (field) => {
    const form = field.form, box = document.getElementById('matches');
    let waiting = 0, at = -1;
    const options = () => [...box.querySelectorAll('[role=option]')];
    const mark = (index) => {
      at = index;
      options().forEach((option, n) => option.setAttribute('aria-selected', String(n === at)));
      const chosen = options()[at];
      chosen ? field.setAttribute('aria-activedescendant', chosen.id) : field.removeAttribute('aria-activedescendant');
      chosen?.scrollIntoView({ block: 'nearest' });
    };
    const open = (is) => {
      box.hidden = !is;
      field.setAttribute('aria-expanded', String(is && options().length > 0));
      mark(-1);
    };
    const attributes = { role: 'combobox', 'aria-autocomplete': 'list', 'aria-haspopup': 'listbox', 'aria-expanded': 'false', 'aria-controls': 'match-list' };
    for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);
    new MutationObserver(() => {
      const found = box.querySelector('[data-found]');
      if (!found || document.activeElement !== field) return;
      open(true);
      say(found.dataset.found === '1' ? '1 match.' : `${found.dataset.found} matches.`);
    }).observe(box, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ['data-found', 'href'] });
    field.addEventListener('input', () => {
      clearTimeout(waiting);
      if (!field.value.trim()) return open(false);
      waiting = setTimeout(() => htmx.trigger(field, 'search:now', {}, false), 150);
    });
    field.addEventListener('keydown', (event) => {
      const last = options().length - 1, step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.isComposing) return;
      if (step && last >= 0) {
        if (box.hidden) open(true);
        mark(at < 0 ? (step > 0 ? 0 : last) : (at + step + last + 1) % (last + 1));
      } else if (event.key === 'Enter' && at >= 0 && !box.hidden) options()[at].click();
      else if (event.key === 'Escape' && !box.hidden) open(false);
      else if (event.key === 'Escape') field.value = '';
      else return;
      event.preventDefault();
    });
    box.addEventListener('pointerdown', (event) => event.preventDefault());
    form.addEventListener('focusout', (event) => { if (!form.contains(event.relatedTarget)) open(false); });
  };

  // The values of a chart at the pointer, and by arrow keys where it has the focus: as its table has them.
  const readout = document.createElement('div'), hairline = document.createElement('div');
  let picked = null;        // the chart that is read, and the row of its table
  const unpick = () => { picked = null; readout.remove(); hairline.remove(); };
  const lineOf = (text, nodes = []) => { const line = document.createElement('span'); line.append(text, ...nodes); return line; };
  const pick = (chart, wanted) => {
    const table = document.getElementById(chart.dataset.values), rows = [...(table?.tBodies[0]?.rows ?? [])];
    if (!rows.length) return unpick();
    const at = Math.max(0, Math.min(rows.length - 1, wanted)), [start, ...cells] = rows[at].cells;
    const until = rows[at + 1]?.cells[0].textContent ?? chart.dataset.end, heads = [...table.tHead.rows[0].cells].slice(1);
    const values = cells.filter((cell) => !cell.querySelector('span') && cell.textContent.trim()).map((cell) => `${heads[cells.indexOf(cell)].textContent} ${cell.textContent.trim()}`);
    const happened = cells.flatMap((cell) => [...cell.querySelectorAll('span')]).map((span) => span.cloneNode(true));
    picked = { chart, at };
    readout.replaceChildren(lineOf(`${start.textContent} to ${until}`), lineOf(values.join(' · ')), ...happened);
    chart.setAttribute('aria-valuenow', at + 1);
    chart.setAttribute('aria-valuetext', [...readout.children].map((line) => line.textContent.trim()).join(', '));
    document.body.append(readout, hairline);
    const box = chart.getBoundingClientRect(), x = box.left + box.width * (at + 0.5) / rows.length, tall = readout.offsetHeight + 8;
    const left = Math.max(8, Math.min(root.clientWidth - readout.offsetWidth - 8, x - readout.offsetWidth / 2));
    Object.assign(hairline.style, { left: `${x + scrollX}px`, top: `${box.top + scrollY}px`, height: `${box.height}px` });
    Object.assign(readout.style, { left: `${left + scrollX}px`, top: `${(box.top > tall ? box.top - tall : box.bottom + 20) + scrollY}px` });
  };
  const repick = () => {
    if (picked) picked.chart.isConnected ? pick(picked.chart, picked.at) : unpick();
  };
  const point = (event) => {
    const chart = event.target.closest?.('.pick'), focused = document.activeElement?.closest?.('.pick');
    if (!chart) { if (picked && picked.chart !== focused) unpick(); return; }
    const box = chart.getBoundingClientRect();
    pick(chart, Math.floor((event.clientX - box.left) / box.width * chart.getAttribute('aria-valuemax')));
  };
  readout.className = 'readout';
  readout.ariaHidden = 'true';
  hairline.className = 'hairline';
  for (const name of ['pointermove', 'pointerdown']) document.addEventListener(name, point, { passive: true });
  document.addEventListener('focusin', (event) => {
    const chart = event.target.closest?.('.pick');
    if (chart && picked?.chart !== chart) pick(chart, chart.getAttribute('aria-valuenow') - 1);
  });
  document.addEventListener('focusout', (event) => { if (event.target.closest?.('.pick')) unpick(); });
  addEventListener('resize', unpick);
  document.addEventListener('keydown', (event) => {
    const chart = event.target.closest?.('.pick'), now = chart?.getAttribute('aria-valuenow') - 1, last = chart?.getAttribute('aria-valuemax') - 1;
    const to = { ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1, PageUp: now + 6, PageDown: now - 6, Home: 0, End: last }[event.key];
    if (!chart || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    delete root.dataset.quiet;
    pick(chart, to);
  });

  // A screen that turns between the environments stays where it is while houndmon does not answer, or sends to its log-in.
  const turn = async () => {
    const other = document.querySelector('[data-switch="environment"] a:not([aria-current])');
    try {
      const answer = await fetch(other.href);
      if (answer.ok && !answer.redirected) location.replace(other.href);
    } catch {}
  };

  // Keys.
  const follow = (name, step = 1) => {
    const links = [...document.querySelectorAll(`[data-switch="${name}"] a`)];
    const at = links.findIndex((link) => link.hasAttribute('aria-current'));
    links[(at + step + links.length) % links.length]?.click();
  };
  const jump = (place) => {
    const title = place ? document.querySelectorAll('.panels .slot h2')[place - 1] : document.getElementById('title-alerts');
    const panel = title?.closest('.panel');
    if (!panel) return;
    panel.scrollIntoView({ block: 'start', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
    title.focus({ preventScroll: true });
    history.replaceState(null, '', `#${panel.id}`);
  };
  // The panel that is looked at stays so in another range or environment.
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('[data-switch] a');
    if (link && location.hash.startsWith('#panel-')) link.hash = location.hash;
  });
  const chosen = () => document.activeElement?.closest?.('[data-alert]');
  const choose = (step) => {
    const rows = [...document.querySelectorAll('[data-alert]')].filter((row) => row.checkVisibility?.() ?? true);
    const at = rows.indexOf(chosen());
    rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
  };
  const does = (key) => {
    const all = document.getElementById('main'), act = (chosen() || all)?.querySelector(`[data-key="${key}"]`);
    const note = act?.form?.querySelector('textarea');
    const none = chosen()
      ? { a: 'This alert is acknowledged already, or has recovered.', c: 'This alert still fires: it can be closed once it has recovered, or its subject is gone for an hour.' }
      : { a: 'No alert waits to be acknowledged.', c: 'No alert has recovered: none can be closed.' };
    note ? note.focus() : act ? act.click() : say(none[key]);
  };
  const find = () => { const field = document.getElementById('q'); field?.focus(); field?.select(); };
  const showKeys = () => { const keys = document.getElementById('keys'); keys?.open ? keys.close() : keys?.showModal(); };
  const KEYS = {
    r: () => follow('range'), R: () => follow('range', -1), e: () => follow('environment'), t: switchTheme, '?': showKeys,
    '/': find, j: () => choose(1), k: () => choose(-1), a: () => does('a'), c: () => does('c'), w: () => document.querySelector('[data-wall]')?.click(),
    z: () => document.querySelector('[data-zone-switch]')?.click(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.('input, textarea, select, [contenteditable]')) return;
    if (event.key === 'Escape') { root.dataset.quiet = ''; return; }
    const act = /^[0-9]$/.test(event.key) ? () => jump(+event.key) : KEYS[event.key];
    if (!act || (document.getElementById('keys')?.open && event.key !== '?')) return;
    event.preventDefault();
    act();
  });
  // Escape puts a definition away until the pointer or the focus moves on.
  for (const name of ['pointermove', 'focusin']) document.addEventListener(name, () => { delete root.dataset.quiet; }, { passive: true });

  document.addEventListener('DOMContentLoaded', () => {
    for (const panel of polled()) if (panel.dataset.asOf && panel.dataset.state !== 'stale') reckon(Date.parse(panel.dataset.asOf));
    const themes = document.querySelector('[data-theme-switch]'), keys = document.querySelector('[data-keys-open]');
    if (themes) { themes.hidden = false; themes.addEventListener('click', switchTheme); }
    if (keys) { keys.hidden = false; keys.addEventListener('click', showKeys); }
    const field = document.querySelector('[data-combobox]');
    if (field) combobox(field);
    // Told of each change before it is painted: what follows a swap comes after that.
    new MutationObserver(doubt).observe(document.body, { subtree: true, attributeFilter: ['data-state', 'data-tone', 'data-verdict', 'data-unsure'] });
    doubt();
    if (location.hash === '#close') document.querySelector('#close textarea')?.focus();
    news();
    tick();
    setTimeout(beat);  // once htmx, which waits for the same event, is there
    setInterval(beat, 1000);
    const seconds = document.getElementById('main')?.dataset.turn;
    if (seconds) setInterval(turn, seconds * 1000);
  });
})();
