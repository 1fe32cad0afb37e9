// Accredit: keeps the click that led here, and reports orders. docs/connecting-a-shop.md says how it is used.
(function () {
  "use strict";
  var script = document.currentScript, told = script.dataset, browser = navigator;
  var DAY = 864e5, KEPT_DAYS = 90, WAITING_DAYS = 7;
  var CLICK = "accredit_click", VISITOR = "accredit_visitor", WAITING = "accredit_waiting";
  var visitor;

  function tried(work, text) {
    try {
      return work(text);
    } catch (error) {
      return null;
    }
  }
  function stored(name, text) {
    return tried(() => {
      if (text) localStorage.setItem(name, text);
      return localStorage.getItem(name);
    });
  }
  function id(value) {
    if (/^[!-~]{1,100}$/.test(value || "")) return value;
  }
  function read(name) {
    var cookie = document.cookie.match("(?:^|; )" + name + "=([^;]+)");
    var kept = tried(JSON.parse, stored(name)) || {};
    return cookie && id(tried(decodeURIComponent, cookie[1])) || id(kept.until > Date.now() && kept.value);
  }
  function keep(name, value, days) {
    stored(name, JSON.stringify({ value: value, until: Date.now() + days * DAY }));
    document.cookie = name + "=" + encodeURIComponent(value) + ";path=/;samesite=lax;max-age=" + days * 86400 +
      (told.domain ? ";domain=" + told.domain : "") + (location.protocol === "https:" ? ";secure" : "");
  }
  function waiting(orders) {
    var kept = tried(JSON.parse, stored(WAITING, orders && JSON.stringify(orders.slice(-20))));
    return Array.isArray(kept) ? kept.filter(Boolean) : [];
  }
  function done(body) {
    waiting(waiting().filter((order) => order.body !== body));
  }
  function send(url, body) {
    fetch(url, { method: "POST", body: body, keepalive: true, credentials: "include" }).then((answer) => {
      if (answer.status < 500 && answer.status !== 429) done(body);
    }, () => {
      var image = new Image();
      var query = new URLSearchParams(JSON.parse(body, (name, value) => value === null ? undefined : value));
      query.delete("items");
      image.onload = () => done(body);
      image.src = url + "?" + query;
    });
  }
  function conversion(order, eventType) {
    var fields = Object.assign({ click_id: read(CLICK), visitor_id: visitor }, order);
    var url = new URL("/t/" + encodeURIComponent(told.program) + "/" +
      encodeURIComponent(eventType || told.eventType || "sale"), script.src).href;
    var body = JSON.stringify(fields);
    waiting(waiting().concat({ url: url, body: body, until: Date.now() + WAITING_DAYS * DAY }));
    if (!browser.sendBeacon || !browser.sendBeacon(url, body)) send(url, body);
  }

  if (browser.globalPrivacyControl || browser.doNotTrack === "1" || /(^|; )accredit_optout=1/.test(document.cookie)) {
    keep(CLICK, "", 0);
    keep(VISITOR, "", 0);
  } else {
    var click = id(new URLSearchParams(location.search).get(told.parameter || "click_id"));
    if (click) keep(CLICK, click, KEPT_DAYS);
    keep(VISITOR, read(VISITOR) || "tag_" + crypto.getRandomValues(new Uint32Array(4)).join("-"), KEPT_DAYS);
    visitor = read(VISITOR);
  }
  waiting().forEach((order) => {
    if (order.until > Date.now()) send(order.url, order.body);
    else done(order.body);
  });
  var early = (window.accredit || {}).q || [];
  window.accredit = { conversion: conversion };
  early.forEach((call) => conversion.apply(null, call));
})();
