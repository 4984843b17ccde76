"""From the first click to a proven conflict that leaves as a sheet, in a browser, on the sample."""

import re

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

RULE = "price >= competitor_price * 1.30\nwhere size_class = 'compact'"


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stTopNavLink").filter(has_text=name).first.click()


def settled(page: Page) -> None:
    """Waits until the page has stopped running."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)


def join(page: Page, name: str, team: str) -> None:
    expect(page.get_by_text("Join to record for your team")).to_be_visible(timeout=60_000)
    settled(page)
    page.get_by_test_id("stPopoverButton").filter(has_text="Join").click()
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Your name").press("Tab")
    page.get_by_role("radio", name=team).or_(page.get_by_role("button", name=team, exact=False)).last.click()
    page.get_by_role("button", name="Join", exact=True).last.click()
    expect(page.get_by_text(f"{name}, you record for {team}")).to_be_visible()


def write_rule(page: Page, rule: str, called: str) -> None:
    page.get_by_label("The same as a rule").fill(rule)
    page.get_by_label("The same as a rule").press("Tab")
    settled(page)
    page.get_by_label("called", exact=True).fill(called)
    page.get_by_label("called", exact=True).press("Tab")


def test_a_clash_is_seen_before_it_is_saved_then_among_the_conflicts_and_in_the_sheet(page, address, tmp_path):
    page.goto(address)
    page.get_by_role("button", name="Open the sample").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("leave no price for")
    before = int(re.search(r"(\d+) conflicts", page.locator(".st-key-head").inner_text())[1])

    go(page, "Record")
    join(page, "Ana", "Brand")
    write_rule(page, RULE, "Compact standing")
    preview = page.locator(".st-key-preview")
    expect(preview).to_contain_text("Before you save: it clashes with")
    expect(preview).to_contain_text("Max change")
    settled(page)
    button = page.get_by_role("button", name=re.compile(r"Record with \d+ new conflict"))
    new = int(re.search(r"\d+", button.inner_text())[0])
    assert f"{before} conflicts" in page.locator(".st-key-head").inner_text(), "nothing has been recorded yet"
    button.click()
    expect(page.get_by_text("Compact standing is recorded.")).to_be_visible(timeout=60_000)
    expect(page.locator(".st-key-head")).to_contain_text(f"{before + new} conflicts")
    expect(page.get_by_label("The same as a rule")).to_have_value("")

    go(page, "Conflicts")
    leaves_none = page.locator("h3", has_text="Compact standing").filter(has_text="leave no price for")
    card = page.locator("[class*='st-key-card_']").filter(has=leaves_none).first
    expect(card).to_be_visible(timeout=60_000)
    settled(page)
    items = card.get_by_text(re.compile(r"items? in a table"))
    count = re.search(r"[\d,]+", items.inner_text())[0]
    items.click()
    expect(card.get_by_test_id("stDataFrame")).to_be_visible()
    expect(card.get_by_text(f"{count} items", exact=True)).to_be_visible()

    go(page, "Sign & export")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Not ready to sign")
    with page.expect_download() as download:
        page.get_by_role("button", name="XLSX").click()
    download.value.save_as(tmp_path / "sheet.xlsx")
    book = load_workbook(tmp_path / "sheet.xlsx")
    assert "draft" in download.value.suggested_filename
    words = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert {"compact-standing", RULE.split("\n")[0]} <= words
    assert {"Summary", "Constraints", "Conflicts"} <= set(book.sheetnames)


def test_two_people_see_each_others_records_while_one_is_typing(chromium, address):
    one, two = (chromium.new_context(viewport={"width": 1440, "height": 900}) for _ in range(2))
    first, second = one.new_page(), two.new_page()
    for page, name, team in ((first, "Cleo", "Finance"), (second, "Dan", "Tech")):
        page.set_default_timeout(30_000)
        page.goto(f"{address}/record?initiative=car-list-prices")
        join(page, name, team)
    second.get_by_label("because").click()
    second.get_by_label("because").press_sequentially("half a thou")

    write_rule(first, "price <= 95000", "Upper end")
    first.get_by_role("button", name=re.compile("^Record")).click()
    expect(second.locator(".st-key-head")).to_contain_text("Cleo (Finance) added rule upper-end")
    second.get_by_label("because").press_sequentially("ght")
    expect(second.get_by_label("because")).to_have_value("half a thought")

    second.reload()
    expect(second.get_by_text("New record for")).to_contain_text("Tech")
    one.close()
    two.close()


def test_no_page_scrolls_sideways_on_a_phone(chromium, address):
    phone = chromium.new_context(viewport={"width": 390, "height": 844})
    page = phone.new_page()
    wide = {}
    for name in ("", "frame", "record", "conflicts", "objective", "behaviour", "sign"):
        page.goto(f"{address}/{name}?initiative=car-list-prices")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=60_000)
        settled(page)
        main = page.get_by_test_id("stMain")
        wide[name] = main.evaluate("main => main.scrollWidth - main.clientWidth")
    phone.close()
    assert set(wide.values()) == {0}, wide
