from .plugin import Greeter
