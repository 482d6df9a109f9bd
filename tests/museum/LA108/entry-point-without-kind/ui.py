from localagent import UIPlugin


class Panels(UIPlugin):
    name = "hello-panels"

    def get_ui_components(self):
        return {}
