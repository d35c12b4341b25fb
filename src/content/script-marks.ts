/**
 * By what a program of text is known when nothing at its beginning says it: statements that its language has and prose has not. One such
 * line is an accident (somebody quotes it), several different ones are a program.
 */
interface Language {
  /** Media type. */
  readonly type: string;
  /** Each is looked for once in text of small letters; every one that is found counts its weight. */
  readonly marks: readonly (readonly [pattern: RegExp, weight: number])[];
}

/** From here on it is that language. */
const ENOUGH = 3;

const LANGUAGES: readonly Language[] = [
  {
    type: "application/x-bat",
    marks: [
      [/^@echo (?:off|on)\b/m, 3],
      [/^@?(?:setlocal|endlocal)\b/m, 2],
      [/%~[dpnxfs]{1,4}[0-9]|%(?:errorlevel|comspec|systemroot|windir|temp|appdata)%/, 2],
      [/^@?[ \t]*for \/[fldr] /m, 2],
      [/^@?[ \t]*goto :?\w+[ \t\r]*$/m, 2],
      [/^@?[ \t]*if (?:not )?(?:exist|errorlevel|defined) /m, 2],
      [
        /^@?[ \t]*(?:cmd(?:\.exe)? \/[ck]|powershell(?:\.exe)? -|reg add |rundll32 |certutil -|bitsadmin |mshta )/m,
        3,
      ],
      [/^@?[ \t]*set (?:\/[ap] )?"?\w+=/m, 1],
      [/^@?[ \t]*(?:rem |::)/m, 1],
      [/^@?[ \t]*(?:start|call|copy|xcopy|del|md|mkdir) [^\n]*\.(?:exe|bat|cmd|com|vbs)\b/m, 2],
      [/^@?[ \t]*(?:pause|exit \/b)\b/m, 1],
    ],
  },
  {
    type: "application/x-powershell",
    marks: [
      [
        /(?:^|[\s;|({=])(?:invoke-(?:expression|webrequest|restmethod|command|item)|new-object|start-process|set-executionpolicy|get-(?:childitem|content|process|service|item|wmiobject|ciminstance|date|command)|write-(?:host|output)|out-file|convertto-securestring|foreach-object|where-object|add-type|import-module|set-(?:content|item|itemproperty))\b/,
        2,
      ],
      [/\$(?:env|global|script):\w+|\$psscriptroot|\$_\b|\$true\b|\$false\b|\$null\b/, 2],
      [/\[(?:system\.|convert\]|net\.|io\.|text\.|string\]|int\]|byte\[)/, 2],
      [/^[ \t]*(?:\[cmdletbinding|param\s*\()/m, 2],
      [/^[ \t]*\$\w+\s*=\s*/m, 1],
      [/(?:^|[\s;(])iex[\s(]|downloadstring\(|frombase64string\(/, 2],
      [/^[ \t]*function \w+-\w+/m, 2],
    ],
  },
  {
    type: "text/vbscript",
    marks: [
      [/\bcreateobject\s*\(/, 2],
      [/\bwscript\.(?:shell|echo|sleep|arguments|quit|scriptfullname)/, 2],
      [/^[ \t]*option explicit\b/m, 2],
      [/^[ \t]*on error resume next\b/m, 2],
      [/^[ \t]*dim \w+(?:\s*,\s*\w+)*\s*(?:'|:|$)/m, 2],
      [/^[ \t]*end (?:sub|function|if)[ \t\r]*$/m, 1],
      [/^[ \t]*set \w+\s*=\s*(?:createobject|getobject|new |\w+\.)/m, 2],
      [/^[ \t]*(?:(?:private|public) )?(?:sub|function) \w+\s*\(/m, 1],
      [/^[ \t]*msgbox[\s(]/m, 2],
      [/\bexecute(?:global)?[\s(]+(?:chr|"|\w+\()/, 2],
    ],
  },
  {
    type: "text/javascript",
    marks: [
      [/\bnew activexobject\s*\(/, 3],
      [/\bwscript\.(?:createobject|shell|echo|quit)/, 2],
      [/(?:^|[;{}\s])(?:var|let|const)\s+(?:[\w$]+|[[{][^=\n]{1,200})\s*=[^=]/m, 1],
      [/\bfunction(?:\s+[\w$]+)?\s*\([\w$,\s]*\)\s*\{/, 1],
      [/[\w$)]\s*=>\s*[{([\w]/, 1],
      [
        /\b(?:document|window|console|json|process|math)\.(?:write|getelement|queryselector|location|log|error|parse|stringify|env|argv|exit|floor|random|cookie)\w*\b/,
        2,
      ],
      [/\brequire\(["'][\w./@-]+["']\)|\bmodule\.exports\b/, 2],
      [/\b(?:eval|unescape|string\.fromcharcode|settimeout|atob)\s*\(/, 2],
      [/^[ \t]*(?:import|export) [^\n]{1,200}\bfrom ["']/m, 2],
      [/^["']use strict["'];?/m, 3],
      [/^[ \t]*(?:if|for|while)\s*\([^\n]{1,200}\)\s*\{/m, 1],
      [/\}\s*\)\s*\([\w$,\s]*\)|^[;!(+]*\(?function\s*\(/m, 2],
    ],
  },
  {
    type: "text/x-python",
    marks: [
      [
        /^(?:import [a-z_][\w.]*(?:\s+as \w+)?(?:, [a-z_][\w.]*)*|from [a-z_.][\w.]* import [\w*, ()]+)\r?$/m,
        2,
      ],
      [/^[ \t]*def \w+\([^\n]{0,200}\)(?:\s*->[^\n:]{1,80})?:\s*(?:#.*)?$/m, 2],
      [/^if __name__ == ["']__main__["']:/m, 3],
      [
        /^[ \t]*(?:class \w+(?:\([\w., ]*\))?|try|else|except[^\n]{0,80}|with [^\n]{1,120}):[ \t\r]*$/m,
        1,
      ],
      [/^[ \t]*print\([^\n]*\)[ \t\r]*$/m, 1],
      [/\b(?:subprocess|os)\.(?:system|popen|run|call|environ)\b/, 2],
      [/^[ \t]*(?:exec|eval)\(/m, 2],
    ],
  },
  {
    type: "text/x-perl",
    marks: [
      [/^[ \t]*use (?:strict|warnings|utf8|[a-z]+::\w+)[^\n]{0,80};/m, 2],
      [/^[ \t]*my [$@%(]\w*/m, 2],
      [/^[ \t]*sub \w+\s*\{/m, 1],
      [/=~\s*[msy]?[/{]/, 1],
      [/\bprint (?:stderr )?["'$][^\n]{0,200};/, 1],
      [/\bsystem\s*\(/, 1],
    ],
  },
  {
    type: "text/x-ruby",
    marks: [
      [/^[ \t]*require(?:_relative)? ["'][\w/.-]+["'][ \t\r]*$/m, 2],
      [/^[ \t]*def (?:self\.)?\w+[?!]?(?:\([\w, =:*&]*\))?[ \t\r]*$/m, 1],
      [/^[ \t]*puts ["'\w]/m, 1],
      [/\bdo \|[\w, ]+\|/, 2],
      [/^end[ \t\r]*$/m, 1],
      [/^[ \t]*class [a-z]\w*(?: < [\w:]+)?[ \t\r]*$/m, 1],
    ],
  },
  {
    type: "text/x-shellscript",
    marks: [
      [/^[ \t]*(?:export [a-z_]+=|unset [a-z_]+\s*$)/m, 2],
      [/^[ \t]*if \[{1,2} .* \]{1,2}(?:;|\s*$)/m, 2],
      [/^[ \t]*(?:fi|done|esac)\s*(?:;|$)/m, 2],
      [/\b(?:curl|wget)\b[^\n]{0,120}\|[ \t]*(?:sudo )?(?:ba|z|da)?sh\b/, 3],
      [/^[ \t]*(?:sudo |chmod \+?[0-7xr]|rm -[rf]|apt-get |set -[eux])/m, 2],
      [/\$\((?:[a-z][^\n]{0,120})\)|\$\{\w+[:#%]/, 1],
      [/^[ \t]*echo ["'$-]/m, 1],
      [/^[ \t]*for \w+ in [^\n]+; ?do/m, 3],
    ],
  },
  {
    type: "text/x-lua",
    marks: [
      [/^[ \t]*local (?:function )?\w+(?:\s*=|\s*\()/m, 2],
      [/\bfunction ?[\w.:]{0,80}\([\w, ]{0,200}\)[ \t\r]*$/m, 1],
      [/^[ \t]*end\)?[ \t\r]*$/m, 1],
      [/\bos\.execute\s*\(|\brequire\s*\(?["'][\w.]+["']/, 2],
      [/\bthen[ \t\r]*$/m, 1],
    ],
  },
  {
    type: "text/x-tcl",
    marks: [
      [/^[ \t]*proc \w+ \{[^\n}]*\} \{/m, 3],
      [/^[ \t]*set \w+ (?:\[|\{|")/m, 1],
      [/^[ \t]*package require \w+/m, 2],
      [/^[ \t]*puts (?:stderr )?["${[]/m, 1],
      [/^[ \t]*exec \S+/m, 1],
    ],
  },
  {
    type: "text/x-applescript",
    marks: [
      [/^[ \t]*tell application "/m, 2],
      [/^[ \t]*end tell[ \t\r]*$/m, 2],
      [/\bdo shell script "/, 3],
      [/^[ \t]*(?:display dialog|set \w+ to) /m, 1],
    ],
  },
];

/** The language of a program, by its text in small letters; undefined when it is none that is known, or prose. */
export function scriptLanguage(text: string): string | undefined {
  let best: string | undefined;
  let most = ENOUGH - 1;
  for (const { type, marks } of LANGUAGES) {
    let weight = 0;
    for (const [pattern, counts] of marks) if (pattern.test(text)) weight += counts;
    if (weight > most) {
      best = type;
      most = weight;
    }
  }
  return best;
}
