--[[
What each fence of fences.py is, as blocks of pandoc: a function by the kind of the fence.

Nothing a notebook says is passed through to Typst or HTML as it is.
]]

local PRINT = FORMAT == 'typst'
local formulas = dofile(
  pandoc.path.join{pandoc.path.directory(PANDOC_SCRIPT_FILE), 'formulas.lua'})

-- pandoc's Markdown, as close to what Jupyter shows as it gets, and nothing passed through raw
local TEXT = 'markdown-raw_attribute-raw_html-native_divs-native_spans-markdown_in_html_blocks'
  .. '-auto_identifiers-implicit_header_references-yaml_metadata_block-pandoc_title_block'
  .. '-subscript-superscript-blank_before_header-blank_before_blockquote'
  .. '+lists_without_preceding_blankline+autolink_bare_uris'
local OPTIONS = pandoc.ReaderOptions{columns = 10000}  -- no column widths from the source's

-- Bare environments are mathematics; any other TeX is no command to anyone and stays as it is.
local function environment_or_text(el)
  local tex = formulas.environment(el.text)
  return tex and pandoc.Math('DisplayMath', tex) or pandoc.Str(el.text)
end

local function markdown(text)
  return pandoc.read(text, TEXT, OPTIONS).blocks:walk{
    RawInline = environment_or_text,
    RawBlock = function(el) return pandoc.Para{environment_or_text(el)} end,
    Table = function(el)  -- the page gives columns their widths
      el.colspecs = el.colspecs:map(function(spec) return {spec[1]} end)
      return el
    end,
  }
end

local function inlines(text)
  return pandoc.utils.blocks_to_inlines(markdown(text or ''))
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

local fences = {
  text = function(fence)
    local chapter = fence.attributes.chapter  -- the id that its title gets, unless it has one
    return markdown(fence.text):walk{Header = function(el)
      if not chapter or el.level ~= 1 then return nil end
      if el.identifier == '' then el.identifier = chapter end
      el.attributes.chapter, chapter = fence.attributes.number, nil
      return el
    end}
  end,
  html = function(fence)
    local function dropped() return {} end  -- style sheets and the like
    return pandoc.read(fence.text, 'html', OPTIONS).blocks:walk{
      RawBlock = dropped,
      RawInline = dropped,
      Div = function(el) return el.content end,
      Table = align_columns,
    }
  end,
  math = function(fence)
    local tex = fence.text:gsub('^%s*%$+', ''):gsub('%$+%s*$', ''):gsub('\\displaystyle%s*', '')
    return {pandoc.Para{pandoc.Math('DisplayMath', tex)}}
  end,
  figure = function(fence)
    local text = inlines(fence.attributes.caption)
    text:insert(pandoc.Span(pandoc.Inlines(fence.attributes.origin), {class = 'origin'}))
    local caption = {long = {pandoc.Plain(text)}}
    return {pandoc.Figure({pandoc.Plain{picture(fence)}}, caption, {id = fence.identifier})}
  end,
  picture = function(fence)
    return {pandoc.Div({pandoc.Plain{picture(fence)}}, {class = 'picture'})}
  end,
  table = function(fence)
    return markdown(fence.text):walk{Table = function(tbl)
      local caption = inlines(fence.attributes.caption)
      tbl.caption = {long = #caption > 0 and {pandoc.Plain(caption)} or {}}
      tbl.identifier = fence.identifier
      return tbl
    end}
  end,
  verbatim = function(fence) return {pandoc.CodeBlock(fence.text)} end,
  code = function(fence) return {pandoc.CodeBlock(fence.text, {class = 'python'})} end,
  part = function(fence)
    local title = inlines(fence.text:gsub('^#%s*', ''))
    if PRINT then return {pandoc.Div({pandoc.Plain(title)}, {class = 'part'})} end
    local id = 'part-' .. pandoc.utils.stringify(title):lower():gsub('%W+', '-'):gsub('-$', '')
    return {pandoc.Header(1, title, {id = id, class = 'part unnumbered'})}
  end,
  appendices = function() return {pandoc.RawBlock('typst', '#show: hw1-appendices')} end,
  references = function(fence)
    local title = pandoc.Header(1, fence.text, {id = 'references', class = 'unnumbered'})
    return {title, pandoc.Div({}, {id = 'refs'})}
  end,
}
fences.abstract = fences.text

return fences
