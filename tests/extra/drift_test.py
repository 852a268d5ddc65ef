"""drift.py on small made-up packages: no network, nothing is fetched."""

import dataclasses
import datetime
import json
import pathlib
import tempfile
import unittest
import zipfile

import drift
import drift_sources
from drift_sources import Source

TODAY = datetime.date(2026, 11, 28)
FILE = """
name    = "Acme"
docs    = "https://docs.example.com/"
aliases = ["acme-ai"]
models  = ["acme-2", { id = "acme-1", context = 1000, output = 100 }, "acme-0"]
hosts   = ["*.acme.example"]

[vars]
client_id = "acme-client-0001"
token_url = "https://auth.acme.example/token"

[inputs]
api_key  = { from = [{ env = "ACME_KEY" }] }
base_url = { default = "https://api.acme.test/v1" }
"""


def ours(text=FILE):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "acme.toml")
        path.write_text(text)
        pathlib.Path(folder, "acme.test.toml").write_text("[[test]]\n")
        [one] = drift.catalogue(pathlib.Path(folder))
        return one


def source(name, reader, files, days=0, wanted=frozenset(("ACME_KEY", "acme-client-0001"))):
    made = Source(name, "1.0", TODAY - datetime.timedelta(days=days))
    drift_sources.read(made, reader, [(path, text.encode()) for path, text in files.items()], wanted)
    return made


def pi(models, days=0):
    chat = {f"chat:{m['id']}": {"type": "chat", "baseUrl": "https://api.acme.test/v1", **m} for m in models}
    return source("pi", drift_sources.read_pi, {"dist/providers/data/acme.json": json.dumps({"openai": chat})}, days)


def litellm(models, days=0):
    told = {f"acme_ai/{name}": {"litellm_provider": "acme_ai", "mode": "chat", **model} for name, model in models.items()}
    return source("litellm", drift_sources.read_litellm, {"litellm/model_prices_and_context_window_backup.json": json.dumps(told)}, days)


def kinds(findings, kind):
    return [(one["what"], one["detail"]) for one in findings if one["kind"] == kind]


class TheCatalogue(unittest.TestCase):
    def test_a_file_gives_models_hosts_variables_and_client_ids(self):
        one = ours()
        self.assertEqual(list(one.models), ["acme-2", "acme-1", "acme-0"])
        self.assertEqual(one.hosts, {"auth.acme.example", "api.acme.test", "*.acme.example"})
        self.assertEqual((one.variables, one.clients), ({"ACME_KEY"}, {"acme-client-0001"}))

    def test_a_value_in_a_host_is_any_label(self):
        one = ours(FILE + 'regional = { default = "https://api.{{area}}.acme.test" }')
        self.assertIn("api.*.acme.test", one.hosts)
        self.assertTrue(drift.is_named("api.eu-1.acme.test", one))

    def test_a_list_s_name_is_an_id_an_alias_or_in_the_table(self):
        self.assertEqual(drift.owner("acme", [ours()]), "acme")
        self.assertEqual(drift.owner("acme_ai", [ours()]), "acme")
        self.assertEqual(drift.owner("openai", [ours()]), "openai-api")
        self.assertIsNone(drift.owner("other", [ours()]))

    def test_every_name_in_the_table_leads_to_a_file(self):
        ids = {one.id for one in drift.catalogue(drift.ROOT / "providers.d")}
        self.assertLessEqual({name for name in drift.NAMES.values() if name}, ids)


class Models(unittest.TestCase):
    def compare(self, *sources, text=FILE):
        one = ours(text)
        return drift.compare(one, list(sources), [one], TODAY)

    def test_a_model_that_the_two_newest_lists_lack_is_gone(self):
        old = source("old", drift_sources.read_pi, {"dist/providers/data/acme.json": json.dumps({"x": {"a": {"id": "acme-0"}}})}, 90)
        found = self.compare(old, pi([{"id": "acme-2"}, {"id": "acme-1"}], 3), litellm({"acme-2": {}}, 1))
        self.assertEqual(kinds(found, "gone"), [("acme-0", "not in litellm, pi; still in old")])

    def test_one_list_is_not_enough(self):
        self.assertEqual(kinds(self.compare(pi([{"id": "acme-2"}])), "gone"), [])

    def test_a_model_whose_end_has_passed_is_gone_though_lists_have_it(self):
        lists = pi([{"id": name} for name in ("acme-0", "acme-1", "acme-2")]), litellm({"acme-0": {"deprecation_date": "2026-11-01"}})
        self.assertEqual(kinds(self.compare(*lists), "gone"), [("acme-0", "ended 2026-11-01")])

    def test_an_end_that_is_near_is_told_and_a_far_one_is_not(self):
        dates = {"acme-0": {"deprecation_date": "2026-12-24"}, "acme-1": {"deprecation_date": "2028-01-01"}, "acme-2": {}}
        self.assertEqual(kinds(self.compare(litellm(dates)), "ends"), [("acme-0", "ends 2026-12-24")])

    def test_a_model_is_new_where_two_lists_have_it(self):
        lists = pi([{"id": "Acme-3"}, {"id": "acme-4"}]), litellm({"acme-3": {}, "acme-5": {}})
        self.assertEqual(kinds(self.compare(*lists), "new"), [("Acme-3", "")])

    def test_one_that_has_ended_is_not_new(self):
        lists = pi([{"id": "acme-3"}]), litellm({"acme-3": {"deprecation_date": "2026-11-28"}})
        self.assertEqual(kinds(self.compare(*lists), "new"), [])

    def test_a_limit_that_two_lists_agree_on_is_told(self):
        lists = pi([{"id": "acme-1", "contextWindow": 2000, "maxTokens": 100}]), litellm({"acme-1": {"max_input_tokens": 2000, "max_output_tokens": 50}})
        self.assertEqual(kinds(self.compare(*lists), "limit"), [("acme-1: context", "1,000 here, 2,000 there")])

    def test_a_discontinued_provider_has_no_models_to_compare(self):
        text = FILE.replace('name    = "Acme"', 'name = "Acme"\nstatus = "discontinued"')
        found = self.compare(pi([{"id": "acme-3"}]), litellm({"acme-3": {}}), text=text)
        self.assertEqual(kinds(found, "gone") + kinds(found, "new"), [])


class Places(unittest.TestCase):
    def compare(self, *sources):
        one = ours()
        return drift.compare(one, list(sources), [one], TODAY)

    def test_hosts_variables_and_client_ids_that_nobody_mentions_are_told(self):
        found = self.compare(source("any", drift_sources.read_nothing, {"a.js": "fetch('https://api.acme.test/v1')"}))
        self.assertEqual([what for what, _ in kinds(found, "host")], ["auth.acme.example"])
        self.assertEqual([what for what, _ in kinds(found, "variable")], ["ACME_KEY"])
        self.assertEqual([what for what, _ in kinds(found, "client id")], ["acme-client-0001"])

    def test_what_one_package_mentions_is_not_told(self):
        text = "https://auth.acme.example/ https://api.acme.test process.env.ACME_KEY 'acme-client-0001'"
        self.assertEqual(list(self.compare(source("any", drift_sources.read_nothing, {"a.js": text}))), [])

    def test_a_login_is_compared_with_the_program_of_its_maker(self):
        text = "https://account.minimax.io https://www.minimax.io https://minimax.io https://api.minimax.io https://api.other.io"
        mmx = source("mmx-cli", drift_sources.read_nothing, {"a.js": text})
        login, key = (dataclasses.replace(ours(), id=name, hosts={host}, clients=clients) for name, host, clients in (("minimax-oauth", "api.minimax.io", {"id"}), ("minimax", "api.minimax.io", set())))
        told = "in the maker's program, not named here"
        self.assertEqual([what for what, why in kinds(drift.compare(login, [mmx], [login, key], TODAY), "host") if why == told], ["account.minimax.io"])
        self.assertEqual([what for what, why in kinds(drift.compare(key, [mmx], [login, key], TODAY), "host") if why == told], [])

    def test_what_a_package_bundles_of_others_says_nothing(self):
        text = "https://auth.acme.example/ https://api.acme.test ACME_KEY acme-client-0001"
        self.assertEqual(len(self.compare(source("any", drift_sources.read_nothing, {"node_modules/x/a.js": text}))), 4)

    def test_a_base_url_and_a_variable_of_two_lists_are_told(self):
        manifest = {
            "setup": {"providers": [{"id": "acme", "envVars": ["ACME_TOKEN"]}]},
            "modelCatalog": {"providers": {"acme": {"baseUrl": "https://new.acme.test/v1"}}},
        }
        openclaw = source("openclaw", drift_sources.read_openclaw, {"dist/acme/openclaw.plugin.json": json.dumps(manifest)})
        hermes = 'ProviderConfig(id="acme", inference_base_url="https://new.acme.test/v1", api_key_env_vars=("ACME_TOKEN", "ACME_BASE_URL"))'
        found = self.compare(openclaw, source("hermes-agent", drift_sources.read_hermes, {"hermes_cli/auth.py": hermes}))
        self.assertIn(("new.acme.test", "base URL of two lists, not named here"), kinds(found, "host"))
        self.assertIn(("ACME_TOKEN", "read by two packages, not here"), kinds(found, "variable"))
        self.assertNotIn("ACME_BASE_URL", [what for what, _ in kinds(found, "variable")])


class Readers(unittest.TestCase):
    def test_opencode_s_catalogue_is_found_in_its_program(self):
        text = 'x;a={b:{id:"no",env:f()}};c={"acme":{id:"acme",env:["ACME_KEY"],api:"https://api.acme.test/v1",models:{"acme-1":{id:"acme-1",open:!0,limit:{context:1e6,output:5},status:"deprecated"}}},other:{id:"other",env:[],models:{}}};'
        made = source("opencode-ai", drift_sources.read_opencode, {"bin/opencode": text})
        self.assertEqual(set(made.lists), {"acme", "other"})
        model = made.lists["acme"].models["acme-1"]
        self.assertEqual((model.context, model.output, model.deprecated), (1_000_000, 5, True))

    def test_hermes_models_are_read_from_its_table(self):
        made = source("hermes-agent", drift_sources.read_hermes, {"hermes_cli/models.py": '_PROVIDER_MODELS: dict = {"acme": ["acme-1", "acme-2"]}'})
        self.assertEqual(list(made.lists["acme"].models), ["acme-1", "acme-2"])

    def test_codex_and_minimax_are_read_from_their_programs(self):
        made = source("@openai/codex", drift_sources.read_codex, {"bin/codex": '{"slug": "gpt-x", "context_window": 500}, {"slug": "gpt-y"}'})
        self.assertEqual({name: model.context for name, model in made.lists["openai-codex"].models.items()}, {"gpt-x": 500, "gpt-y": None})
        made = source("mmx-cli", drift_sources.read_minimax, {"dist/mmx.mjs": "a('MiniMax-M9',`MiniMax-M9.1-Flash`)"})
        self.assertEqual(set(made.lists["minimax"].models), {"MiniMax-M9", "MiniMax-M9.1-Flash"})

    def test_a_literal_is_read_to_its_end_or_refused(self):
        self.assertEqual(drift_sources.literal('{a:[1,-2.5,"x\'"],"b":{c:!1},d:null} rest', 0), ({"a": [1, -2.5, "x'"], "b": {"c": False}, "d": None}, 35))
        for text in ("{a:f()}", "{a", "{a:`x`}", "[1", "f"):
            with self.assertRaises(ValueError):
                drift_sources.literal(text, 0)


class TheReport(unittest.TestCase):
    def test_it_says_how_old_each_source_is_and_sums_up(self):
        one = ours()
        lists = [pi([{"id": "acme-2"}, *({"id": f"new-{n}"} for n in range(9))], 10), litellm({f"new-{n}": {} for n in range(9)}, 3)]
        text = drift.report({"acme": drift.compare(one, lists, [one], TODAY)}, lists, TODAY)
        self.assertIn("2026-11-18, 10 days old", text)
        self.assertIn("and 3 more (--json)", text)
        self.assertIn("1 providers: 2 gone, 9 new, 1 host, 1 variable, 1 client id", text)

    def test_an_archive_is_read_where_it_lies(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "x.whl")
            with zipfile.ZipFile(path, "w") as made:
                made.writestr("hermes_cli/auth.py", "KEY = 'ACME_KEY'")
            made = Source("x", "1", TODAY)
            drift_sources.read(made, drift_sources.read_hermes, drift_sources.files(path), {"ACME_KEY"})
        self.assertEqual(made.words, {"ACME_KEY"})


if __name__ == "__main__":
    # The lines that tests/extra.sh counts.
    result = unittest.main(exit=False, verbosity=0, argv=["drift_test.py"]).result
    print(f"ok drift: {result.testsRun} tests" if result.wasSuccessful() else "FAILED drift")
    raise SystemExit(not result.wasSuccessful())
