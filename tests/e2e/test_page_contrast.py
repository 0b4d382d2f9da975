"""The demo page can be read: every text stands out from its ground as WCAG AA asks."""

import pytest
from playwright.async_api import expect

from tests.browser import OpenPage
from tests.e2e.page_demo import Demo, started

pytestmark = pytest.mark.browser

CONTRASTS = """() => {
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const read = (color, under) => {
    pixel.fillStyle = under; pixel.fillRect(0, 0, 1, 1);
    pixel.fillStyle = color; pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
    return layers.reduce((under, color) => `rgb(${read(color, under).join(" ")})`, "rgb(255 255 255)");
  };
  const light = (rgb) => rgb.map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest("noscript")) continue;
    if (node.closest("button:disabled")) continue;
    const under = ground(node);
    const [dim, bright] = [light(read(getComputedStyle(node).color, under)), light(read(under, under))].sort();
    const ratio = (bright + 0.05) / (dim + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${walker.currentNode.data.trim()}`);
  }
  return faint;
}"""


@pytest.mark.parametrize("dark", [False, True])
async def test_every_text_has_enough_contrast(page_demo: Demo, open_page: OpenPage, dark: bool) -> None:
    page = await open_page(page_demo.url, dark=dark)
    await started(page_demo.chat(page, "민수"))
    await page_demo.chat(page, "민수").get_by_test_id("input").fill("안녕하세요")
    await page_demo.chat(page, "민수").get_by_test_id("send").click()
    await expect(page_demo.chat(page, "민수").get_by_role("button", name="내 파티")).to_be_visible()

    faint = await page.evaluate(CONTRASTS)

    assert faint == []
