"""Opens pages in headless Chromium, clicks in them as a person would, and prints what is seen, as JSON.

Takes, on stdin, a list of visits: {"page": path, "width", "model": id, "batch": label, "clicks": how often}, for a
picture also "shot": path, "theme" and "media". It speaks the WebDriver protocol with chromedriver, which is Debian's, so that nothing but Python itself is needed.
"""

import base64
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    def __init__(self, profile):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.at = next(f"http://127.0.0.1:{line.split()[-1].rstrip('.')}" for line in self.driver.stdout if " on port " in line and "Starting" not in line)
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", f"--user-data-dir={profile}"],
        }
        asked = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self.session = ""
        self.session = "/session/" + self.ask("POST", "/session", {"capabilities": {"alwaysMatch": asked}})["sessionId"]

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.at + self.session + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as wrong:
            sys.exit(f"{method} {path}: {wrong.read().decode()}")

    def tell(self, command, **parameters):
        """A command of Chromium's own protocol."""
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, expression):
        done = self.tell("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in done:
            sys.exit(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def click(self, selector):
        found = self.ask("POST", "/element", {"using": "css selector", "value": selector})
        self.ask("POST", f"/element/{found[ELEMENT]}/click", {})

    def log(self, kind):
        return self.ask("POST", "/se/log", {"type": kind})

    def close(self):
        self.ask("DELETE", "")
        self.driver.terminate()
        self.driver.wait()


SHOWN = """(() => {
  const text = (selector) => document.querySelector(selector)?.textContent ?? null;
  const facts = [...document.querySelectorAll("#batch dt")].map((name) => [name.textContent, name.nextSibling.textContent]);
  const heads = [...document.querySelectorAll("#columns span")].filter((head) => getComputedStyle(head).visibility === "visible");
  return {
    title: text("#batch h3"), sql: text("#batch pre.sql"), facts: Object.fromEntries(facts), words: text("#batch pre.words"),
    marks: [...document.querySelectorAll("#batch pre.sql mark")].map((mark) => [mark.className, mark.textContent]),
    cells: document.querySelectorAll(".cell").length, batches: models.reduce((sum, model) => sum + model.batches, 0),
    wider: document.documentElement.scrollWidth - innerWidth,
    heads: heads.map((head) => { const range = document.createRange(); range.selectNodeContents(head); const { left, right } = range.getBoundingClientRect(); return [left, right]; }),
  };
})()"""


def visit(browser, asked):
    # The size is that of the page, not of a window around it.
    size = {"width": asked.get("width", 1400), "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.tell("Emulation.setDeviceMetricsOverride", **size)
    browser.tell("Emulation.setEmulatedMedia", media=asked.get("media", ""), features=[{"name": "prefers-color-scheme", "value": asked.get("theme", "light")}])
    # What Chromium opens by itself is no concern of the page.
    browser.ask("POST", "/url", {"url": "about:blank"})
    browser.log("performance")
    loads, clicks = [], []
    for _ in range(asked["clicks"]):
        begun = time.monotonic()
        browser.ask("POST", "/url", {"url": Path(asked["page"]).resolve().as_uri()})
        loads.append(time.monotonic() - begun)
        browser.click(f'#models a[href="#{asked["model"]}"]')
        browser.run("document.querySelector('#grid').scrollIntoView({ block: 'center' })")
        begun = time.monotonic()
        browser.click(f'.cell[aria-label^="{asked["batch"]},"]')
        seen = browser.run(SHOWN)
        clicks.append(time.monotonic() - begun)
    requests = [json.loads(entry["message"])["message"] for entry in browser.log("performance")]
    urls = {said["params"]["request"]["url"].split("#")[0] for said in requests if said["method"] == "Network.requestWillBeSent"}
    seen |= {"console": [entry["message"] for entry in browser.log("browser")], "requests": sorted(urls)}
    if asked.get("shot"):
        picture = browser.tell("Page.captureScreenshot", captureBeyondViewport="media" in asked)
        Path(asked["shot"]).write_bytes(base64.b64decode(picture["data"]))
    return seen | {"load": min(loads), "click": min(clicks)}


with tempfile.TemporaryDirectory() as profile:
    browser = Browser(profile)
    try:
        print(json.dumps([visit(browser, asked) for asked in json.load(sys.stdin)]))
    finally:
        browser.close()
