"""Forms of Docker's configuration for a registry HOST, and what Docker does with each."""

import base64

from support.home import HOST

AUTH = base64.b64encode(b"AWS:of-somebody-else").decode()
_ENTRY = f'"{HOST}":{{"auth":"{AUTH}"}}'

# Values of DOCKER_AUTH_CONFIG, and whether Docker 28.3 or newer uses the password in it for HOST.
VARIABLES: dict[str, tuple[str, bool]] = {
    "plain": (f'{{"auths":{{{_ENTRY}}}}}', True),
    "names in other case": (f'{{"AUTHS":{{"{HOST}":{{"Auth":"{AUTH}"}}}}}}', True),
    "section twice": (f'{{"auths":{{{_ENTRY}}},"auths":{{"a":{{"auth":"{AUTH}"}}}}}}', True),
    "line break in the password": (f'{{"auths":{{"{HOST}":{{"auth":"{AUTH[:8]}\\n{AUTH[8:]}"}}}}}}', True),
    "brace after": (f'{{"auths":{{{_ENTRY}}}}}}}', True),
    "null after": (f'{{"auths":{{"{HOST}":{{"auth":"{AUTH}","auth":null}}}}}}', True),
    "key with scheme": (f'{{"auths":{{"https://{HOST}":{{"auth":"{AUTH}"}}}}}}', False),
    "key with slash": (f'{{"auths":{{"{HOST}/":{{"auth":"{AUTH}"}}}}}}', False),
    "key with port": (f'{{"auths":{{"{HOST}:443":{{"auth":"{AUTH}"}}}}}}', False),
    "key in capitals": (f'{{"auths":{{"{HOST.upper()}":{{"auth":"{AUTH}"}}}}}}', False),
    "user and password": (f'{{"auths":{{"{HOST}":{{"username":"AWS","password":"x"}}}}}}', False),
    "email": (f'{{"auths":{{"{HOST}":{{"auth":"{AUTH}","email":"a"}}}}}}', False),
    "helpers": (f'{{"auths":{{{_ENTRY}}},"credHelpers":{{}}}}', False),
    "another entry is empty": (f'{{"auths":{{{_ENTRY},"other.example":{{}}}}}}', False),
    "another entry is null": (f'{{"auths":{{{_ENTRY},"other.example":null}}}}', False),
    "password is a number": (f'{{"auths":{{"{HOST}":{{"auth":1}}}}}}', False),
    "no base64": (f'{{"auths":{{"{HOST}":{{"auth":"AWS:word"}}}}}}', False),
    "no colon": (f'{{"auths":{{"{HOST}":{{"auth":"{base64.b64encode(b"AWS").decode()}"}}}}}}', False),
    "no user": (f'{{"auths":{{"{HOST}":{{"auth":"{base64.b64encode(b":word").decode()}"}}}}}}', False),
    "two objects": (f'{{"auths":{{{_ENTRY}}}}}{{}}', False),
    "reset": (f'{{"auths":{{{_ENTRY}}},"auths":null}}', False),
    "no object": ("[]", False),
    "null": ("null", False),
    "blank": (" \t", False),
    "cut off": (f'{{"auths":{{{_ENTRY}}}', False),
}
# Texts of config.json that has ``ecrx`` for HOST or for every registry, and whether Docker runs it for HOST.
CONFIGS: dict[str, tuple[str, bool]] = {
    "helper": (f'{{"credHelpers":{{"{HOST}":"ecrx"}}}}', True),
    "store": ('{"credsStore":"ecrx"}', True),
    "empty helper": (f'{{"credHelpers":{{"{HOST}":""}},"credsStore":"ecrx"}}', False),
    "helper null": (f'{{"credHelpers":{{"{HOST}":null}},"credsStore":"ecrx"}}', False),
    "helper a number": (f'{{"credHelpers":{{"{HOST}":1}},"credsStore":"ecrx"}}', False),
    "helper a list": (f'{{"credHelpers":{{"{HOST}":["ecrx"]}},"credsStore":"ecrx"}}', False),
    "helper twice": (f'{{"credHelpers":{{"{HOST}":"ecrx","{HOST}":""}},"credsStore":"ecrx"}}', False),
    "helper twice, last ours": (f'{{"credHelpers":{{"{HOST}":"","{HOST}":"ecrx"}}}}', True),
    "names in other case": (f'{{"credhelpers":{{"{HOST}":"ecrx"}}}}', True),
    "section twice": (f'{{"credHelpers":{{"{HOST}":"ecrx"}},"CredHelpers":{{"a":"b"}}}}', True),
    "section null after": (f'{{"credHelpers":{{"{HOST}":"ecrx"}},"credHelpers":null}}', False),
    "store twice": ('{"credsStore":"ecrx","CREDSSTORE":"other"}', False),
    "store null after": ('{"credsStore":"ecrx","credsStore":null}', True),
    "other key": (f'{{"credHelpers":{{"https://{HOST}":"ecrx"}}}}', False),
    "text after": (f'{{"credHelpers":{{"{HOST}":"ecrx"}}}} nothing', True),
}
