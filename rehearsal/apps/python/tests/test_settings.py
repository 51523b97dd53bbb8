import unittest

from langgraph_service.clock import Clock
from langgraph_service.settings import REQUIRED, Settings, SettingsError

GOOD = {name: "x" for name in REQUIRED} | {"SUPABASE_URL": "postgresql://u:pw-secret@localhost/db"}


class SettingsTest(unittest.TestCase):
    def test_reports_all_problems_together_without_values(self) -> None:
        env = GOOD | {"GHL_API_TOKEN": "", "SUPABASE_URL": "https://pw-secret.supabase.co", "PORT": "0"}
        with self.assertRaises(SettingsError) as caught:
            Settings.from_env(env)
        text = str(caught.exception)
        self.assertRegex(text, "GHL_API_TOKEN is not set")
        self.assertRegex(text, "SUPABASE_URL: expected a postgresql:// URL")
        self.assertRegex(text, "PORT: found '0', expected a number from 1 to 65535")
        self.assertNotIn("pw-secret", text)

    def test_accepts_two_secrets_during_a_rotation_and_shows_none(self) -> None:
        settings = Settings.from_env(GOOD | {"WEBHOOK_SECRET": "new", "WEBHOOK_SECRET_PREVIOUS": "old"})
        self.assertEqual(settings.webhook_secrets, ("new", "old"))
        self.assertNotIn("pw-secret", repr(settings))
        self.assertNotIn("webhook_secrets", repr(settings))

    def test_an_empty_previous_secret_opens_nothing(self) -> None:
        settings = Settings.from_env(GOOD | {"WEBHOOK_SECRET_PREVIOUS": ""})
        self.assertEqual(settings.webhook_secrets, ("x",))


class ClockTest(unittest.TestCase):
    def test_scales_what_is_recorded(self) -> None:
        clock = Clock.from_env("1000,60")
        real = Clock().now().timestamp()
        self.assertAlmostEqual(clock.now().timestamp(), 1 + (real - 1) * 60, delta=60)
        self.assertIsNotNone(clock.parameter())

    def test_leaves_the_database_its_own_clock_otherwise(self) -> None:
        self.assertIsNone(Clock.from_env("").parameter())

    def test_refuses_anything_else(self) -> None:
        for text in ("1000", "a,b", "1000,0", "1000,601", "1,2,3"):
            with self.subTest(text), self.assertRaisesRegex(ValueError, "CUTOVER_CLOCK"):
                Clock.from_env(text)
