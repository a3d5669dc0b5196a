/** The official libraries for the API: how each is installed, which versions there are and what they need. No customer's data. */

export const SDK_LANGUAGES = ['python', 'javascript', 'go', 'java', 'ruby', 'curl'] as const;
export type SdkLanguage = (typeof SDK_LANGUAGES)[number];

export interface Sdk {
  readonly name: string;
  readonly install: string;
  readonly runtime: string;
  readonly latest: string;
  /** Major versions that get new functions and fixes. */
  readonly supported: readonly string[];
  /** The one that gets corrections of security only. */
  readonly securityOnly: { readonly version: string; readonly until: string } | null;
  readonly ended: readonly { readonly version: string; readonly on: string }[];
  /** The shortest program that shows it works. */
  readonly example: string;
  readonly types: string;
  /** What the newest major version changed. */
  readonly migration: string;
  /** Errors people meet first, with the way out. */
  readonly errors: readonly string[];
}

/** All libraries carry one major version: the one before gets corrections of security only, and the first none. */
const VERSIONS = { supported: ['3'], securityOnly: { version: '2', until: '2027-03-31' }, ended: [{ version: '1', on: '2026-03-31' }] };

export const SDKS: Readonly<Record<SdkLanguage, Sdk>> = {
  python: {
    ...VERSIONS,
    name: 'Python',
    install: 'python -m pip install loomwork-sdk',
    runtime: 'Python 3.9',
    latest: '3.4.1',
    example:
      '```python\nfrom loomwork import Loomwork\n\nclient = Loomwork()  # reads LOOMWORK_TOKEN\nfor task in client.tasks.list(project_id="prj_2"):\n    print(task.title)\n```',
    types: 'Type hints are part of the package; mypy and pyright read them.',
    migration: 'Version 3 returns an iterator over all pages where version 2 returned one page as a list.',
    errors: [
      "`ModuleNotFoundError: No module named 'loomwork'`: pip installed it into another Python; use `python -m pip` inside the virtual environment that runs the program.",
      '`ImportError` from a file of your own called `loomwork.py`: rename it.',
      '`SSLCertVerificationError`: a company proxy; set `SSL_CERT_FILE` to its certificate.',
    ],
  },
  javascript: {
    ...VERSIONS,
    name: 'JavaScript and TypeScript',
    install: 'npm install @loomwork/sdk',
    runtime: 'Node 20',
    latest: '3.5.0',
    example:
      "```ts\nimport { Loomwork } from '@loomwork/sdk';\n\nconst token = readSecret('LOOMWORK_TOKEN'); // from the environment or a secret store\nconst loomwork = new Loomwork({ token });\nfor await (const task of loomwork.tasks.list({ projectId: 'prj_2' })) console.log(task.title);\n```",
    types: 'Type definitions are part of the package; do not install `@types`. If names are not found, set `"moduleResolution": "nodenext"` or `"bundler"`.',
    migration: 'Version 3 is an ES module, and lists are async iterables over all pages.',
    errors: [
      '`ERR_REQUIRE_ESM`: the package is an ES module; use `import`, or `await import()` in old code.',
      '`window is not defined` or a CORS error: use it on a server, never in a web page, where everybody could read the token.',
    ],
  },
  go: {
    ...VERSIONS,
    name: 'Go',
    install: 'go get loomwork.example/sdk-go/v3',
    runtime: 'Go 1.22',
    latest: 'v3.1.2',
    example:
      '```go\nclient := loomwork.New(os.Getenv("LOOMWORK_TOKEN"))\nfor task, err := range client.Tasks.All(ctx, loomwork.TaskFilter{ProjectID: "prj_2"}) {\n\tif err != nil {\n\t\treturn err\n\t}\n\tfmt.Println(task.Title)\n}\n```',
    types: 'Everything is a Go struct; `nil` leaves an optional field as it is, an empty value clears it.',
    migration: 'The major version is part of the import path (`/v3`), and every call takes a context.',
    errors: [
      '`cannot find module`: the major version belongs in the path (`/v3`), and a company proxy needs `GOPROXY` and `GOPRIVATE`.',
      '`context deadline exceeded`: the time you allowed covers all retries together; give it more.',
    ],
  },
  java: {
    ...VERSIONS,
    name: 'Java and Kotlin',
    install: 'implementation("example.loomwork:loomwork-sdk:3.2.0")',
    runtime: 'Java 17',
    latest: '3.2.0',
    example:
      '```java\nvar client = Loomwork.builder().token(System.getenv("LOOMWORK_TOKEN")).build();\nclient.tasks().stream(TaskFilter.project("prj_2")).forEach(task -> System.out.println(task.title()));\n```',
    types: 'Answers are records; optional fields are `Optional`.',
    migration: 'Version 3 streams over all pages where version 2 returned one page as a list.',
    errors: [
      '`UnsupportedClassVersionError`: the program runs on a Java older than the library needs.',
      '`NoSuchMethodError` for Jackson: two versions are on the class path; use the one the library asks for.',
    ],
  },
  ruby: {
    ...VERSIONS,
    name: 'Ruby',
    install: 'bundle add loomwork-sdk',
    runtime: 'Ruby 3.1',
    latest: '3.0.4',
    example:
      '```ruby\nrequire "loomwork"\n\nclient = Loomwork::Client.new(token: ENV.fetch("LOOMWORK_TOKEN"))\nclient.tasks.each(project_id: "prj_2") { |task| puts task.title }\n```',
    types: 'RBS signatures are part of the gem.',
    migration: 'Version 3 follows all pages with `each` where version 2 returned one page as a list.',
    errors: [
      '`LoadError: cannot load such file -- loomwork`: run the program through `bundle exec`.',
      '`KeyError: key not found: "LOOMWORK_TOKEN"`: the variable is not set for this process.',
    ],
  },
  curl: {
    supported: ['v1'],
    securityOnly: null,
    ended: [],
    name: 'curl',
    install: 'curl is part of macOS, Windows and most Linux systems',
    runtime: 'curl 7.70',
    latest: 'the API itself, v1',
    example: '```sh\ncurl -sS "https://api.loomwork.example/v1/tasks?project_id=prj_2&limit=100" \\\n  -H "Authorization: Bearer $LOOMWORK_TOKEN"\n```',
    types: 'The answers are described in the API reference.',
    migration: 'There is one version of the API.',
    errors: ['A 401 with the right token: the shell did not set LOOMWORK_TOKEN; print its length, not its content.'],
  },
};
