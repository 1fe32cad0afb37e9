"""The shop's pages, in English and German."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape

from accredit.demo.shop.connection import Connection, Link
from accredit.demo.shop.goods import NEWSLETTER, PRODUCTS, Order, Product

TITLES = {
    "": ("Things for the house", "Dinge fürs Haus"),
    "new": ("New this week", "Neu in dieser Woche"),
    "products": ("Everything we have", "Alles, was wir haben"),
    "offers": ("From our letter", "Aus unserem Brief"),
}
"""What the pages that links lead to are called: the paths of the ads' landing pages."""


class Page:
    """One visitor's pages. `pieces`: how much is in the basket."""

    def __init__(self, connection: Connection, *, german: bool, pieces: int) -> None:
        self.connection = connection
        self.german = german
        self.pieces = pieces

    def say(self, english: str, german: str) -> str:
        return german if self.german else english

    def price(self, amount: Decimal) -> str:
        return f"{amount:.2f} £".replace(".", ",") if self.german else f"£{amount:.2f}"

    def start(self) -> str:
        partners = [link for link in self.connection.links if not link.is_channel]
        channels = [link for link in self.connection.links if link.is_channel]
        title = self.say("How people come here", "Wie man hierher kommt")
        intro = self.say(
            "These are the links of the demo’s partners and of the shop’s own channels. Follow one as a visitor would,"
            " buy something, and look at the conversion in Accredit: it is there within two seconds, with the reason"
            " why this partner is credited. Follow several links first to see who wins.",
            "Das sind die Links der Partner in der Demo und der eigenen Kanäle des Shops. Folgen Sie einem wie ein"
            " Besucher, kaufen Sie etwas, und sehen Sie sich die Conversion in Accredit an: Sie ist binnen zwei"
            " Sekunden da, mit dem Grund, warum dieser Partner die Gutschrift erhält. Folgen Sie erst mehreren Links,"
            " um zu sehen, wer gewinnt.",
        )
        direct = self.say("Come without a link", "Ohne Link kommen")
        return self._page(
            title,
            f"""<h1>{title}</h1><p class="lead">{intro}</p>
            <h2>{self.say("Partners", "Partner")}</h2>{self._links(partners)}
            <h2>{self.say("The shop’s own channels", "Eigene Kanäle des Shops")}</h2>{self._links(channels)}
            <p><a class="button plain" href="/shop">{direct}</a></p>""",
        )

    def _links(self, links: Sequence[Link]) -> str:
        return f'<ul class="links">{"".join(self._link(link) for link in links)}</ul>'

    def _link(self, link: Link) -> str:
        codes = "".join(f" <code>{escape(code)}</code>" for code in link.promo_codes)
        word = self.say("Promo code", "Promo-Code")
        notes = " · ".join([*(escape(label) for label in link.labels), *([f"{word}{codes}"] if codes else [])])
        return f'<li><a href="{escape(link.url)}">{escape(link.name)}</a><span>{notes}</span></li>'

    def goods(self, page: str) -> str:
        title = self.say(*TITLES.get(page, TITLES[""]))
        tiles = "".join(self._tile(product) for product in PRODUCTS.values())
        letter = self.say("A letter now and then?", "Ab und zu ein Brief?")
        subscribe = self.say("Subscribe", "Abonnieren")
        return self._page(
            title,
            f"""<h1>{title}</h1><ul class="goods">{tiles}</ul>
            <form class="letter" method="post" action="/newsletter"><p>{letter}</p>
            <button class="button plain">{subscribe}</button></form>""",
        )

    def _tile(self, product: Product) -> str:
        name = self._name(product)
        put = self.say("Put into the basket", "In den Korb")
        return f"""<li class="{product.category}">{self._drawing(product)}<h2>{name}</h2>
            <p class="price">{self.price(product.price)}</p><form method="post" action="/basket">
            <button class="button" name="sku" value="{product.sku}" aria-label="{put}: {name}">{put}</button></form>
            </li>"""

    def _name(self, product: Product) -> str:
        return self.say(product.name, product.german)

    @staticmethod
    def _drawing(product: Product) -> str:
        return f'<svg viewBox="0 0 48 48" aria-hidden="true"><path d="{product.drawing}"/></svg>'

    def basket(self, basket: Mapping[str, int]) -> str:
        title = self.say("Basket", "Warenkorb")
        if not basket:
            empty = self.say("There is nothing in it yet.", "Es liegt noch nichts darin.")
            return self._page(title, f'<h1>{title}</h1><p class="lead">{empty}</p>{self._back()}')
        return self._page(title, f"<h1>{title}</h1>{self._sum(basket)}{self._checkout()}")

    def _sum(self, basket: Mapping[str, int]) -> str:
        rows = "".join(
            f"<tr><th scope='row'>{self._name(PRODUCTS[sku])}</th><td>{count} ×</td>"
            f"<td>{self.price(PRODUCTS[sku].price * count)}</td></tr>"
            for sku, count in basket.items()
        )
        total = sum((PRODUCTS[sku].price * count for sku, count in basket.items()), Decimal())
        word = self.say("Total", "Summe")
        return f"""<table><tbody>{rows}</tbody>
            <tfoot><tr><th scope="row">{word}</th><td></td><td>{self.price(total)}</td></tr></tfoot></table>"""

    def _checkout(self) -> str:
        say = self.say
        return f"""<form class="checkout" method="post" action="/order">
            <label>{say("Promo code", "Promo-Code")}<input name="promo_code" maxlength="100" autocomplete="off"></label>
            <fieldset><legend>{say("You are", "Sie sind")}</legend>
            <label><input type="radio" name="customer" value="first" checked>{say("a new customer", "neu hier")}</label>
            <label><input type="radio" name="customer" value="returning">
            {say("a customer who comes again", "schon Kundin oder Kunde")}</label></fieldset>
            <fieldset><legend>{say("How the shop reports the order", "Wie der Shop die Bestellung meldet")}</legend>
            <label><input type="radio" name="way" value="tag" checked>
            {say("by the tag on the thank-you page", "durch das Tag auf der Dankeseite")}</label>
            <label><input type="radio" name="way" value="server">
            {say("from server to server, signed", "von Server zu Server, signiert")}</label></fieldset>
            <button class="button">{say("Buy", "Kaufen")}</button></form>
            <form method="post" action="/empty">
            <button class="button plain">{say("Empty the basket", "Korb leeren")}</button></form>"""

    def thanks(self, order: Order) -> str:
        title = self.say("Thank you!", "Vielen Dank!")
        if order.event_type == NEWSLETTER:
            first = self.say(
                "You will get our next letter. Your subscription has the number",
                "Sie erhalten unseren nächsten Brief. Ihr Abonnement hat die Nummer",
            )
        else:
            first = self.say("Your order has the number", "Ihre Bestellung hat die Nummer")
        first = f'{first} <strong id="order-token">{order.token}</strong>.'
        what = self._sum(order.lines) if order.lines else ""
        return self._page(
            title,
            f"""<h1>{title}</h1><p class="lead">{first}</p>{what}{self._reported(order)}{self._back()}""",
            reports=None if order.by_server else order,
        )

    def _reported(self, order: Order) -> str:
        if order.by_server:
            said = self.say(
                "The shop’s server reported it; the tracker said",
                "Der Server des Shops hat es gemeldet; der Tracker sagte",
            )
            said = f'{said}: <code id="answer">{escape(order.answer)}</code>'
        else:
            said = self.say("The tag on this page reports it.", "Das Tag auf dieser Seite meldet es.")
        look = self.say("Look at it in Accredit", "In Accredit ansehen")
        url = self.connection.conversion_url(order)
        link = f' <a href="{escape(url)}">{look}</a>' if url else ""
        return f'<p class="told">{said}{link}</p>'

    def _back(self) -> str:
        return f'<p><a class="button plain" href="/shop">{self.say("Back to the shop", "Zurück in den Shop")}</a></p>'

    def nothing(self) -> str:
        title = self.say("There is nothing here", "Hier ist nichts")
        return self._page(title, f"<h1>{title}</h1>{self._back()}")

    def _page(self, title: str, body: str, *, reports: Order | None = None) -> str:
        connection = self.connection
        told = {"event_type": reports.event_type, "order": reports.reported()} if reports else None
        order = f'<script type="application/json" id="order">{_inert(json.dumps(told))}</script>' if told else ""
        basket = self.say("Basket", "Warenkorb")
        foot = self.say(
            "A shop for looking at Accredit. Nothing is sold here, and nobody pays.",
            "Ein Shop, um Accredit anzusehen. Hier wird nichts verkauft, und niemand bezahlt.",
        )
        return f"""<!doctype html><html lang="{self.say("en", "de")}"><head><meta charset="utf-8">
            <title>{escape(title)} · Hearth &amp; Lantern</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/static/shop.css">
            <script src="{escape(connection.tracker)}/accredit.js" data-program="{escape(connection.program)}"
            data-parameter="{escape(connection.click_parameter)}" defer></script>
            <script src="/static/shop.js" defer></script></head><body>
            <header><a class="name" href="/shop">Hearth &amp; Lantern</a><nav>
            <a href="/">{self.say("How people come here", "Wie man hierher kommt")}</a>
            <a href="/basket">{basket}{f" ({self.pieces})" if self.pieces else ""}</a></nav></header>
            <main>{body}</main><footer>{foot}</footer>{order}</body></html>"""


def _inert(text: str) -> str:
    """JSON that cannot end the script that it stands in."""
    return text.replace("<", "\\u003c")
