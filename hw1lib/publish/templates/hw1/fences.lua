--[[
What each fence of fences.py is, as blocks of pandoc: a function by the kind of the fence.

Nothing a notebook says is passed through to Typst or HTML as it is.
]]

local PRINT = FORMAT == 'typst'
local FOLDER = pandoc.path.directory(PANDOC_SCRIPT_FILE)
local formulas = dofile(pandoc.path.join{FOLDER, 'formulas.lua'})
local html = dofile(pandoc.path.join{FOLDER, 'html.lua'})

-- pandoc's Markdown, as close to what Jupyter shows as it gets, and nothing passed through raw
local TEXT = 'markdown-raw_attribute-native_divs-native_spans-markdown_in_html_blocks'
  .. '-auto_identifiers-implicit_header_references-yaml_metadata_block-pandoc_title_block'
  .. '-subscript-superscript-blank_before_header-blank_before_blockquote'
  .. '-fenced_divs-bracketed_spans-link_attributes-inline_code_attributes'
  .. '-fenced_code_attributes'
  .. '-fancy_lists-example_lists-definition_lists-line_blocks-inline_notes'
  .. '-simple_tables-multiline_tables-grid_tables-table_captions'
  .. '+lists_without_preceding_blankline+autolink_bare_uris+tex_math_double_backslash'
local OPTIONS = pandoc.ReaderOptions{columns = 10000}  -- no column widths from the source's

-- Bare environments are mathematics; anything else raw is no command to anyone and stays as it is.
local function environment_or_text(source)
  return function(el)
    local tex = el.format == 'tex' and formulas.environment(el.text)
    if tex then return pandoc.Math('DisplayMath', tex) end
    if html.is_lost(el) then
      pandoc.log.warn(source .. ': HTML in a text, which is printed as it is: ' .. el.text)
    end
    return pandoc.Str(el.text)
  end
end

local function markdown(text, source)
  local shown = environment_or_text(source)
  return pandoc.read(text, TEXT, OPTIONS).blocks:walk{
    Inlines = html.inlines,
    RawBlock = function(el)
      return html.blocks(el, function(inside) return markdown(inside, source) end)
    end,
  }:walk{
    RawInline = shown,
    RawBlock = function(el) return pandoc.Para{shown(el)} end,
    Header = function(el)  -- whose braces hold its id and classes, and nothing else
      el.attributes = {}
      return el
    end,
    Table = function(el)  -- the page gives columns their widths
      el.colspecs = el.colspecs:map(function(spec) return {spec[1]} end)
      return el:walk{Code = function(code)  -- where a bar would end the cell
        code.text = code.text:gsub('\\|', '|')
        return code
      end}
    end,
  }
end

local function inlines(text, source)
  return pandoc.utils.blocks_to_inlines(markdown(text or '', source))
end

local function picture(fence)
  local file = fence.attributes[PRINT and 'print' or 'web']
  if not file then
    pandoc.log.warn(fence.attributes.source .. ': a figure without a picture for this kind of page')
    return pandoc.Str('')
  end
  return pandoc.Image(fence.attributes.alt or '', file)
end

-- pandas writes no alignment: the index to the left, the values to the right.
local function align_columns(tbl)
  tbl.colspecs = tbl.colspecs:map(function(spec, i)
    return {spec[1] == 'AlignDefault' and i > 1 and 'AlignRight' or spec[1], spec[2]}
  end)
  return tbl
end

local LINES = 200  -- in a block: the typesetter takes time by the square of their number

-- What was printed; in print in blocks of a few pages each.
local function verbatim(fence)
  if not PRINT then return {pandoc.CodeBlock(fence.text)} end
  local blocks, lines = pandoc.Blocks{}, pandoc.List{}
  for line in (fence.text .. '\n'):gmatch('(.-)\n') do
    lines:insert(line)
    if #lines == LINES then
      blocks:insert(pandoc.CodeBlock(table.concat(lines, '\n')))
      lines = pandoc.List{}
    end
  end
  if #lines > 0 then blocks:insert(pandoc.CodeBlock(table.concat(lines, '\n'))) end
  return blocks
end

local fences = {
  text = function(fence)
    local chapter = fence.attributes.chapter  -- the id that its title gets, unless it has one
    return markdown(fence.text, fence.attributes.source):walk{Header = function(el)
      if not chapter or el.level ~= 1 then return nil end
      if el.identifier == '' then el.identifier = chapter end
      el.attributes.chapter, chapter = fence.attributes.number, nil
      return el
    end}
  end,
  html = function(fence) return html.read(fence.text):walk{Table = align_columns} end,
  latex = function(fence)  -- which reads no files
    return pandoc.read(fence.text, 'latex', OPTIONS, {}).blocks
  end,
  unprintable = function(fence)
    pandoc.log.warn(fence.attributes.source .. ': no page can show an output of type ' .. fence.text)
    return {}
  end,
  math = function(fence)
    local tex = fence.text:gsub('^%s*%$+', ''):gsub('%$+%s*$', ''):gsub('\\displaystyle%s*', '')
    return {pandoc.Para{pandoc.Math('DisplayMath', tex)}}
  end,
  figure = function(fence)
    local text = inlines(fence.attributes.caption, fence.attributes.source)
    text:insert(pandoc.Span(pandoc.Inlines(fence.attributes.origin), {class = 'origin'}))
    local caption = {long = {pandoc.Plain(text)}}
    return {pandoc.Figure({pandoc.Plain{picture(fence)}}, caption, {id = fence.identifier})}
  end,
  picture = function(fence)
    return {pandoc.Div({pandoc.Plain{picture(fence)}}, {class = 'picture'})}
  end,
  table = function(fence)
    local source = fence.attributes.source
    return markdown(fence.text, source):walk{Table = function(tbl)
      local caption = inlines(fence.attributes.caption, source)
      tbl.caption = {long = #caption > 0 and {pandoc.Plain(caption)} or {}}
      tbl.identifier = fence.identifier
      return tbl
    end}
  end,
  verbatim = verbatim,
  code = function(fence) return {pandoc.CodeBlock(fence.text, {class = 'python'})} end,
  part = function(fence)
    local title = inlines((fence.text:gsub('^#%s*', '')), fence.attributes.source)
    if PRINT then return {pandoc.Div({pandoc.Plain(title)}, {class = 'part'})} end
    local id = 'part-' .. pandoc.utils.stringify(title):lower():gsub('%W+', '-'):gsub('-$', '')
    return {pandoc.Header(1, title, {id = id, class = 'part unnumbered'})}
  end,
  tried = function(fence)  -- figures of the page that print has not
    return {pandoc.RawBlock('typst', '#hw1-tried(' .. fence.text .. ')')}
  end,
  divided = function() return {pandoc.RawBlock('typst', '#show: hw1-divided')} end,
  columns = function() return {pandoc.RawBlock('typst', '#columns(2, gutter: 7mm)[')} end,
  ['end'] = function() return {pandoc.RawBlock('typst', ']')} end,
  appendices = function() return {pandoc.RawBlock('typst', '#show: hw1-appendices')} end,
  references = function(fence)
    local title = pandoc.Header(1, fence.text, {id = 'references', class = 'unnumbered'})
    return {
      title,
      pandoc.RawBlock('typst', '#hw1-references['), pandoc.Div({}, {id = 'refs'}),
      pandoc.RawBlock('typst', ']'),
    }
  end,
}
fences.abstract = fences.text

return fences
