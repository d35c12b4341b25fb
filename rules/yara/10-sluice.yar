/*
  Shipped rules for the engine "yara" (docs/configuration.md): few, and about what people should not be sent in a message.
  Your own rules go into files of their own beside this one; an update replaces this one.

  A rule that is tagged "suspicious", or has severity = "suspicious" in its meta, makes a file suspicious; any other makes it
  infected. The rule's name is the threat in records and in scan.threat.
*/

import "pe"

rule EICAR_Test_File {
  meta:
    description = "The test file of the European Institute for Computer Antivirus Research"
  strings:
    // In hex, so that no antivirus takes this file away.
    $eicar = { 58 35 4F 21 50 25 40 41 50 5B 34 5C 50 5A 58 35 34 28 50 5E 29 37 43 43 29 37 7D 24
               45 49 43 41 52 2D 53 54 41 4E 44 41 52 44 2D 41 4E 54 49 56 49 52 55 53 }
  condition:
    $eicar
}

rule Program_Named_As_Document : suspicious {
  meta:
    description = "A Windows program that calls itself a document or a picture with .exe or .scr behind it"
  strings:
    $name = /\.(pdf|docx?|xlsx?|pptx?|txt|jpe?g|png)\.(exe|scr|com|pif)/ ascii wide nocase
  condition:
    pe.is_pe and $name
}

rule Program_In_Picture : suspicious {
  meta:
    description = "A Windows program behind the beginning of a picture"
  strings:
    $dos = "This program cannot be run in DOS mode"
  condition:
    $dos and (
      uint16be(0) == 0xFFD8 or         // JPEG
      uint32be(0) == 0x89504E47 or     // PNG
      uint32be(0) == 0x47494638        // GIF
    )
}

rule Shortcut_Runs_Script_Host : suspicious {
  meta:
    description = "A Windows shortcut that starts a script host with words of its own"
  strings:
    $host1 = "powershell" ascii wide nocase
    $host2 = "mshta" ascii wide nocase
    $host3 = "wscript" ascii wide nocase
    $host4 = "cscript" ascii wide nocase
    $host5 = "rundll32" ascii wide nocase
  condition:
    uint32be(0) == 0x4C000000 and uint32be(4) == 0x01140200 and any of them
}

rule Html_Unpacks_A_Download : suspicious {
  meta:
    description = "A page that makes a file out of its own text and hands it to the browser to save"
  strings:
    $page = /<(html|script|svg)/ nocase
    $decode1 = "atob(" ascii wide
    $decode2 = "fromCharCode" ascii wide
    $save1 = "msSaveOrOpenBlob" ascii wide
    $save2 = "createObjectURL" ascii wide
    $name = ".download" ascii wide
  condition:
    filesize < 8MB and $page and any of ($decode*) and ($save1 or ($save2 and $name))
}
