from localagent import UIPlugin


class Panels(UIPlugin):
    name = "hello-world"

    def get_ui_components(self):
        return {}
