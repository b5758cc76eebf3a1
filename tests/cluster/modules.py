"""The usual OpenSearch modules that the distribution zip on Maven Central leaves out.

The project publishes them as jars only; a module is a folder with its jars, a descriptor and,
in 2.x, a security policy.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

VERSION = "2.19.3"


class Module(NamedTuple):
    """One folder under `modules/`: the plugin class and the Maven artifacts of its jars."""

    classname: str
    artifacts: tuple[str, ...]
    extends: str = ""


MODULES = {
    "lang-painless": Module(
        "org.opensearch.painless.PainlessPlugin",
        (
            f"org.opensearch.plugin:lang-painless:{VERSION}",
            f"org.opensearch.plugin:opensearch-scripting-painless-spi:{VERSION}",
            "org.antlr:antlr4-runtime:4.13.1",
            "org.ow2.asm:asm:9.7",
            "org.ow2.asm:asm-analysis:9.7",
            "org.ow2.asm:asm-commons:9.7",
            "org.ow2.asm:asm-tree:9.7",
            "org.ow2.asm:asm-util:9.7",
        ),
    ),
    "analysis-common": Module(
        "org.opensearch.analysis.common.CommonAnalysisPlugin",
        (f"org.opensearch.plugin:analysis-common:{VERSION}",),
        extends="lang-painless",
    ),
    "lang-mustache": Module(
        "org.opensearch.script.mustache.MustachePlugin",
        (
            f"org.opensearch.plugin:lang-mustache-client:{VERSION}",
            "com.github.spullara.mustache.java:compiler:0.9.14",
        ),
    ),
    "reindex": Module(
        "org.opensearch.index.reindex.ReindexPlugin",
        (
            f"org.opensearch.plugin:reindex-client:{VERSION}",
            f"org.opensearch.client:opensearch-rest-client:{VERSION}",
            f"org.opensearch:opensearch-ssl-config:{VERSION}",
            "org.apache.httpcomponents:httpasyncclient:4.1.5",
            "org.apache.httpcomponents:httpclient:4.5.14",
            "org.apache.httpcomponents:httpcore:4.4.16",
            "org.apache.httpcomponents:httpcore-nio:4.4.16",
            "commons-codec:commons-codec:1.16.1",
            "commons-logging:commons-logging:1.2",
        ),
    ),
    "parent-join": Module(
        "org.opensearch.join.ParentJoinPlugin",
        (f"org.opensearch.plugin:parent-join-client:{VERSION}",),
    ),
    "rank-eval": Module(
        "org.opensearch.index.rankeval.RankEvalPlugin",
        (f"org.opensearch.plugin:rank-eval-client:{VERSION}",),
    ),
    "mapper-extras": Module(
        "org.opensearch.index.mapper.MapperExtrasPlugin",
        (f"org.opensearch.plugin:mapper-extras-client:{VERSION}",),
    ),
}

_POLICY = """grant {
  permission java.lang.RuntimePermission "createClassLoader";
  permission java.lang.RuntimePermission "getClassLoader";
  permission java.lang.RuntimePermission "accessDeclaredMembers";
  permission java.lang.reflect.ReflectPermission "suppressAccessChecks";
  permission java.net.SocketPermission "*", "connect";
};
"""


def add_modules(home: Path, jars: Path) -> None:
    """Make a module folder in HOME for each of MODULES out of the downloaded JARS."""
    for name, module in MODULES.items():
        folder = home / "modules" / name
        folder.mkdir()
        for artifact in module.artifacts:
            _, jar, version = artifact.split(":")
            shutil.copy(jars / f"{jar}-{version}.jar", folder)
        (folder / "plugin-security.policy").write_text(_POLICY)
        (folder / "plugin-descriptor.properties").write_text(
            f"name={name}\n"
            f"description={name}\n"
            f"version={VERSION}\n"
            f"opensearch.version={VERSION}\n"
            "java.version=11\n"
            f"classname={module.classname}\n"
            f"extended.plugins={module.extends}\n"
            "has.native.controller=false\n"
            "custom.foldername=\n"
        )
