"use strict";
// The explorer: what is along x, what colours and panels tell apart, which cells are shown; a cell's facts under the pointer.
(() => {
  const { data, copy, show } = window.breakeven;
  const at = (id) => document.getElementById(id);
  const NONE = "";
  const NARROWEST = 240;
  // That of the figures, in which the same mechanism has the same colour.
  const PALETTE = ["#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"];
  const SHAPES = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "triangle-right", "triangle-left"];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const factors = data.factors.map((factor, place) => ({ ...factor, place, hidden: new Set() }));
  const choice = { measure: 0, x: NONE, colour: NONE, facet: NONE };
  let view = null;
  let pinned = null;
  let drawing = Promise.resolve();

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  // ---- what is chosen

  const isNumeric = (factor) => factor.values.filter((value) => /^[\d.]+( \S+)?$/.test(value)).length > 1;

  function chooseFirst() {
    const measured = data.measures.map((_, m) => data.cells.filter((cell) => cell.of[m]).length);
    choice.measure = measured.findIndex((count) => 2 * count >= data.cells.length);
    if (choice.measure < 0) choice.measure = measured.indexOf(Math.max(...measured));
    const useful = factors.filter((factor) => spreadOf(factor) > 1 && !factor.implied);
    const bySize = (one, other) => spreadOf(other) - spreadOf(one);
    const x = useful.filter(isNumeric).sort(bySize)[0] ?? useful[0];
    const colour = useful.find((factor) => factor !== x && factor.values.length <= PALETTE.length);
    choice.x = x ? x.place : NONE;
    choice.colour = colour ? colour.place : NONE;
    const rest = useful.filter((factor) => factor !== x && factor !== colour && isNumeric(factor));
    const facet = rest.filter((factor) => spreadOf(factor) <= 6).sort(bySize)[0];
    choice.facet = facet && data.cells.length > 12 ? facet.place : NONE;
  }

  const cellsOfMeasure = () => data.cells.filter((cell) => cell.of[choice.measure]);
  const spreadOf = (factor) => new Set(cellsOfMeasure().map((cell) => cell.at[factor.place])).size;
  const isShown = (cell) => factors.every((factor) => !factor.hidden.has(cell.at[factor.place]));

  function addSelect(label, key, options) {
    const field = element("label", undefined, "field");
    field.append(element("span", label));
    const select = element("select");
    select.name = key;
    for (const [value, text] of options) {
      const option = element("option", text);
      option.value = value;
      option.selected = String(choice[key]) === String(value);
      select.append(option);
    }
    select.addEventListener("change", () => {
      choice[key] = select.value === NONE ? NONE : Number(select.value);
      draw();
    });
    field.append(select);
    at("axes").append(field);
  }

  function addSelects() {
    const all = factors.map((factor) => [factor.place, factor.name]);
    addSelect("Show", "measure", data.measures.map((measure, place) => [place, measure.name]));
    addSelect("Along x", "x", [[NONE, "nothing"], ...all]);
    addSelect("Colour", "colour", [[NONE, "nothing"], ...all]);
    addSelect("Panels", "facet", [[NONE, "nothing"], ...all]);
  }

  function addFilters() {
    for (const factor of factors) {
      const set = element("fieldset");
      set.append(element("legend", factor.name));
      factor.values.forEach((value, code) => {
        const label = element("label", undefined, "pill");
        const box = element("input");
        box.type = "checkbox";
        box.checked = true;
        box.addEventListener("change", () => {
          if (box.checked) factor.hidden.delete(code);
          else factor.hidden.add(code);
          draw();
        });
        label.append(box, element("span", value));
        set.append(label);
      });
      at("filters").append(set);
    }
    const reset = element("button", "Show all", "reset");
    reset.type = "button";
    reset.addEventListener("click", () => {
      for (const factor of factors) factor.hidden.clear();
      for (const box of at("filters").querySelectorAll("input")) box.checked = true;
      draw();
    });
    at("filters").append(reset);
  }

  // ---- the picture

  // Whether the value of a factor follows from that along x, as that of a payload back often does: it parts no line then.
  function follows(factor, cells) {
    if (choice.x === NONE) return false;
    if (factor.implied) return true;
    const known = new Map();
    for (const cell of cells) {
      const x = cell.at[choice.x];
      if (!known.has(x)) known.set(x, cell.at[factor.place]);
      else if (known.get(x) !== cell.at[factor.place]) return false;
    }
    return true;
  }

  function rowsOf(cells) {
    const fixed = factors.filter((factor) => factor.place !== choice.x && !follows(factor, cells));
    return cells.map((cell) => {
      const [value, low, high] = cell.of[choice.measure];
      const of = (key) => (choice[key] === NONE ? "" : factors[choice[key]].values[cell.at[choice[key]]]);
      return {
        id: cell.id,
        value,
        low: low ?? value,
        high: high ?? value,
        x: of("x"),
        colour: of("colour"),
        facet: of("facet"),
        line: fixed.map((factor) => cell.at[factor.place]).join(" "),
      };
    });
  }

  // Round values between the ends, fewer the more decades there are.
  function logTicks(rows, measure) {
    const ends = rows.flatMap((row) => [row.low, row.high]).concat(measure.one ? [1] : []);
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    for (const steps of [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7], [1, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8]]) {
      const values = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
        for (const step of steps) values.push(Number((step * 10 ** power).toPrecision(3)));
      }
      const inside = values.filter((value) => value >= low * 0.97 && value <= high * 1.03);
      if (inside.length >= 4) return { values: inside };
    }
    return { tickCount: 4 };
  }

  const domainOf = (key, rows) => {
    if (choice[key] === NONE) return [""];
    const there = new Set(rows.map((row) => row[key]));
    return factors[choice[key]].values.filter((value) => there.has(value));
  };

  // A value keeps its colour whichever others are shown, unless there are more values than colours.
  function placesOf(shown) {
    const known = choice.colour === NONE ? shown : factors[choice.colour].values;
    return shown.map((value, n) => (known.length <= PALETTE.length ? known.indexOf(value) : n));
  }

  function ink() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    return { text: of("--ink"), muted: of("--muted"), grid: of("--line"), font: getComputedStyle(document.body).fontFamily };
  }

  function encodings(rows, measure) {
    const colours = domainOf("colour", rows);
    const places = placesOf(colours);
    const x = {
      field: "x",
      type: "ordinal",
      sort: domainOf("x", rows),
      scale: { type: "band", paddingInner: 0.25, paddingOuter: 0.15 },
      axis: { title: choice.x === NONE ? null : factors[choice.x].name, labelAngle: 0, labels: choice.x !== NONE, labelOverlap: true },
    };
    const y = {
      field: "value",
      type: "quantitative",
      scale: measure.log ? { type: "log", nice: false, padding: 12 } : { zero: false, padding: 12 },
      axis: { title: measure.axis, grid: true, format: measure.format, ...(measure.log ? logTicks(rows, measure) : { tickCount: 6 }) },
    };
    const colour = { field: "colour", type: "nominal", sort: colours, scale: { domain: colours, range: places.map((place) => PALETTE[place % PALETTE.length]) } };
    const legend = choice.colour === NONE ? null : { title: factors[choice.colour].name };
    const shape = { field: "colour", type: "nominal", sort: colours, scale: { domain: colours, range: places.map((place) => SHAPES[place % SHAPES.length]) } };
    return { x, y, color: { ...colour, legend }, shape: { ...shape, legend } };
  }

  function layersOf(rows, measure) {
    const { x, y, color, shape } = encodings(rows, measure);
    const spread = choice.colour !== NONE && domainOf("colour", rows).length > 1;
    const xOffset = { field: "colour", type: "nominal", sort: domainOf("colour", rows) };
    const place = spread ? { x, xOffset } : { x };
    const ends = { y: { ...y, field: "low", axis: y.axis, title: measure.axis }, y2: { field: "high" } };
    const layers = [
      { mark: { type: "line", strokeWidth: 1.2, opacity: 0.45 }, encoding: { ...place, y, color, detail: { field: "line" } } },
      { mark: { type: "rule", strokeWidth: 1.6, opacity: 0.75 }, encoding: { ...place, ...ends, color } },
      { mark: { type: "point", filled: true, size: 58, opacity: 1 }, encoding: { ...place, y, color, shape } },
      { name: "hit", mark: { type: "point", filled: true, size: 420, opacity: 0, shape: "circle", cursor: "pointer" }, encoding: { ...place, y } },
    ];
    if (measure.one) {
      const colours = ink();
      layers.unshift({ mark: { type: "rule", strokeDash: [4, 3], color: colours.muted }, encoding: { y: { datum: 1, type: "quantitative", scale: y.scale, axis: y.axis } } });
    }
    if (measure.band) {
      const [low, high] = measure.band.map((end) => ({ datum: end, type: "quantitative", scale: y.scale }));
      layers.unshift({ data: { values: [{}] }, mark: { type: "rect", color: ink().muted, opacity: 0.14 }, encoding: { y: { ...low, axis: y.axis }, y2: { datum: high.datum } } });
    }
    return layers;
  }

  function configOf() {
    const { text, muted, grid, font } = ink();
    const labels = { labelColor: muted, titleColor: text, labelFont: font, titleFont: font, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 600 };
    return {
      background: null,
      font,
      view: { stroke: null },
      axis: { ...labels, gridColor: grid, domainColor: grid, tickColor: grid, titlePadding: 10 },
      axisX: { grid: false },
      legend: { ...labels, orient: "top", symbolSize: 70, symbolOpacity: 1, symbolStrokeWidth: 0, labelLimit: 260, columnPadding: 18, rowPadding: 4 },
      header: { labelColor: text, titleColor: muted, labelFont: font, titleFont: font, labelFontSize: 12.5, labelFontWeight: 600, titleFontSize: 12, titleFontWeight: 400, labelLimit: 260 },
    };
  }

  function legendColumns(rows, width) {
    const longest = Math.max(...domainOf("colour", rows).map((value) => value.length));
    return Math.max(1, Math.floor(width / (Math.min(longest * 7.2, 260) + 44)));
  }

  function specOf(rows) {
    const measure = data.measures[choice.measure];
    const width = at("chart").clientWidth;
    const config = configOf();
    config.legend.columns = legendColumns(rows, width);
    const height = width < 600 ? 300 : 380;
    const whole = { data: { values: rows }, config };
    const layer = layersOf(rows, measure);
    if (choice.facet === NONE) {
      return { ...whole, width, height, autosize: { type: "fit", contains: "padding" }, layer };
    }
    const panels = domainOf("facet", rows);
    const columns = Math.max(1, Math.min(panels.length, 3, Math.floor(width / NARROWEST)));
    const each = Math.max(120, Math.floor((width - 72) / columns) - 24);
    const facet = { field: "facet", type: "nominal", sort: panels, title: factors[choice.facet].name };
    return { ...whole, facet, columns, spacing: 20, spec: { width: each, height: columns > 1 ? 240 : 220, layer } };
  }

  async function render(rows) {
    const options = { mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, tooltip: false };
    const made = await window.vegaEmbed(at("chart"), specOf(rows), options);
    if (view) view.finalize();
    view = made.view;
    view.addEventListener("mousemove", (event, item) => hover(event, cellOf(item)));
    view.addEventListener("mouseout", () => hover(null, null));
    view.addEventListener("click", (_, item) => pin(cellOf(item)));
  }

  function draw() {
    const shown = data.cells.filter(isShown);
    const drawn = shown.filter((cell) => cell.of[choice.measure]);
    const rows = rowsOf(drawn);
    const all = shown.length === data.cells.length;
    at("count").textContent = all ? `all ${data.cells.length} cells` : `${shown.length} of ${data.cells.length} cells, also in the table`;
    const lacking = shown.length - drawn.length;
    const without = lacking ? ` ${lacking} of ${shown.length} cells have no ${data.measures[choice.measure].name}.` : "";
    at("hint").textContent = `Bars are 95 % intervals; a line joins cells that differ along x alone. Choose a point for its machine and command.${without}`;
    show(new Set(shown.map((cell) => cell.id)));
    hover(null, null);
    drawing = drawing.then(async () => {
      if (view) view.finalize();
      view = null;
      at("chart").replaceChildren();
      if (rows.length) await render(rows);
      else at("chart").append(element("p", "No cell is left: choose more of the filter.", "empty"));
      at("chart").dataset.drawn = String(rows.length);
    });
    return drawing;
  }

  // ---- a cell's facts

  const cells = new Map(data.cells.map((cell) => [cell.id, cell]));
  const cellOf = (item) => (item && item.datum && cells.get(item.datum.id)) || null;

  function factsOf(cell) {
    const list = element("dl");
    const add = (term, text) => {
      const pair = element("div");
      pair.append(element("dt", term), element("dd", text));
      list.append(pair);
    };
    data.measures.forEach((measure, place) => {
      if (cell.of[place]) add(measure.name, cell.of[place][3]);
    });
    add("from", cell.n);
    add("machine", cell.machine);
    return list;
  }

  function hover(event, cell) {
    const tip = at("tip");
    tip.hidden = !cell;
    if (!cell) return;
    tip.replaceChildren(element("strong", cell.name), factsOf(cell), element("code", cell.command));
    const { clientX, clientY } = event;
    const left = Math.min(clientX + 16, innerWidth - tip.offsetWidth - 8);
    const below = clientY + 18 + tip.offsetHeight < innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, below ? clientY + 18 : clientY - tip.offsetHeight - 14)}px`;
  }

  function pin(cell) {
    if (cell === null) return;
    pinned = cell;
    const panel = at("detail");
    panel.hidden = false;
    const button = element("button", "Copy", "copy");
    button.type = "button";
    button.addEventListener("click", () => copy(button, pinned.command));
    const typed = element("div", undefined, "typed");
    typed.append(element("pre", cell.command, "command"), button);
    panel.replaceChildren(element("h3", cell.name), factsOf(cell), typed);
  }

  if (!data.cells.length || !data.measures.length) {
    for (const part of document.querySelectorAll("#explore, nav a[href='#explore']")) part.remove();
    return;
  }
  chooseFirst();
  addSelects();
  addFilters();
  draw();
  let width = at("chart").clientWidth;
  addEventListener("resize", () => {
    if (at("chart").clientWidth !== width) {
      width = at("chart").clientWidth;
      draw();
    }
  });
  dark.addEventListener("change", draw);
})();
